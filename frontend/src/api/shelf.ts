import type { Shelf } from '../domain/outbox';

/** What the browser keeps from visit to visit. */
export const shelf: Shelf = {
  keys: () => Object.keys(localStorage),
  get: (key) => localStorage.getItem(key),
  set: (key, value) => localStorage.setItem(key, value),
  remove: (key) => localStorage.removeItem(key),
};
