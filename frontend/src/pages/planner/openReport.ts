import type { MouseEvent } from 'react';

export function reportAddress(plan: string): string {
  return `/api/plans/${plan}/report.pdf`;
}

/**
 * Opens a report in a tab of its own that says what it waits for: the first report of a plan has its pictures to make.
 * Where the browser allows no such tab, the link does what links do.
 */
export function openReport(event: MouseEvent<HTMLAnchorElement>, title: string): void {
  const { href } = event.currentTarget;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const tab = window.open('', '_blank');
  if (!tab) return;
  event.preventDefault();
  tab.opener = null;
  tab.document.title = title;
  tab.document.body.textContent = `Preparing ${title} …`;
  Object.assign(tab.document.body.style, { margin: '25vh auto', font: '16px system-ui, sans-serif', textAlign: 'center', color: '#51606c' });
  tab.location.replace(href);
}

/** Has the pictures of a report made while nobody waits for them. */
export function prepareReport(plan: string): void {
  void fetch(reportAddress(plan), { priority: 'low' }).catch(() => undefined);
}
