import { useEffect, useRef } from 'react';

const TYPED_INTO = new Set(['text', 'password', 'search', 'number', 'email', 'tel', 'url', 'file']);

/** In a field of numbers, Ctrl with a letter is the page's: there is no text to undo. */
function isTyping(target: EventTarget | null, mod: boolean): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return TYPED_INTO.has(target.type) && !(mod && target.inputMode === 'decimal');
  return target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT';
}

/**
 * Shortcuts of a page: the key as the browser names it (lower case), with `mod+` for Ctrl or Command and `shift+` for
 * Shift with it. They rest while somebody types, and while a dialog is open. Each is told whether its key is held down.
 */
export function useKeys(keys: Record<string, (held: boolean) => void>): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const mod = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || event.altKey || isTyping(event.target, mod)) return;
      if (document.querySelector('[role="dialog"]')) return;
      const key = event.key.toLowerCase();
      const act = current.current[`${mod ? 'mod+' : ''}${mod && event.shiftKey ? 'shift+' : ''}${key}`];
      if (!act) return;
      event.preventDefault();
      act(event.repeat);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
