/**
 * Every colour of the application. One accent; `look` (amber) only says "look here"; `stop` (red) only says
 * "stop". Tests hold text to WCAG AA against every ground.
 */
export const PALETTE = {
  /** Behind X-rays and bones, in both schemes: a reading room has dark screens. */
  viewport: '#0a0d0f',
  dark: {
    body: '#0e1114',
    panel: '#14181c',
    raised: '#1b2026',
    line: '#272e35',
    text: '#dde3e8',
    dim: '#94a1ad',
    accent: '#6fc6d8',
    look: '#e9b44c',
    stop: '#f08a80',
  },
  light: {
    body: '#f3f5f6',
    panel: '#ffffff',
    raised: '#eaeef0',
    line: '#d9e0e4',
    text: '#182026',
    dim: '#51606c',
    accent: '#13687a',
    look: '#7d5300',
    stop: '#b3261e',
  },
} as const;
