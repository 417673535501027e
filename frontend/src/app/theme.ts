import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

import { PALETTE } from './palette';

const accent: MantineColorsTuple = [
  '#e4f5f8', '#c9e9f0', '#9fd9e5', '#6fc6d8', '#4bb2c7', '#329bb1', '#23849a', '#187082', '#13606f', '#0d4a56',
];
const look: MantineColorsTuple = [
  '#fdf3dc', '#fae6b8', '#f5d384', '#e9b44c', '#d99f30', '#b98018', '#98670e', '#7d5300', '#644300', '#4b3200',
];
const stop: MantineColorsTuple = [
  '#fdeceb', '#f9d3d0', '#f5b1ab', '#f08a80', '#e56a60', '#d64c43', '#c4352d', '#b3261e', '#921c16', '#70130f',
];
const dark: MantineColorsTuple = [
  PALETTE.dark.text, '#c3ccd4', PALETTE.dark.dim, '#5d6873', '#38414a', PALETTE.dark.line, PALETTE.dark.raised,
  PALETTE.dark.panel, PALETTE.dark.body, '#0a0d0f',
];

export const theme = createTheme({
  colors: { accent, look, stop, dark },
  primaryColor: 'accent',
  primaryShade: 7,
  autoContrast: false,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.25rem' }, h2: { fontSize: '1rem' }, h3: { fontSize: '0.875rem' } } },
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, fz: 'xs' } },
    Button: { defaultProps: { size: 'sm' } },
    Modal: {
      defaultProps: {
        centered: true,
        radius: 10,
        overlayProps: { backgroundOpacity: 0.6 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
      styles: {
        content: { background: 'var(--panel)', border: '1px solid var(--line)' },
        header: { background: 'var(--panel)' },
        title: { fontWeight: 600, fontSize: '1rem' },
      },
    },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss this notice' } } },
    Popover: { styles: { dropdown: { background: 'var(--panel)' } } },
    Menu: { styles: { dropdown: { background: 'var(--panel)' } } },
    SegmentedControl: {
      styles: {
        root: { background: 'var(--mantine-color-body)', border: '1px solid var(--line)' },
        indicator: { background: 'var(--segment)' },
      },
    },
    Slider: { styles: { markLabel: { color: 'var(--mantine-color-dimmed)' } } },
    Table: { defaultProps: { borderColor: 'var(--line)' } },
    Progress: { styles: { root: { background: 'var(--raised)' } } },
  },
});

function scheme(name: 'dark' | 'light'): Record<string, string> {
  const colours = PALETTE[name];
  return {
    '--mantine-color-body': colours.body,
    '--mantine-color-text': colours.text,
    '--mantine-color-dimmed': colours.dim,
    '--mantine-color-error': colours.stop,
    '--mantine-color-placeholder': colours.dim,
    '--mantine-color-anchor': colours.accent,
    '--mantine-color-default': colours.raised,
    '--mantine-color-default-border': colours.line,
    '--panel': colours.panel,
    '--raised': colours.raised,
    '--line': colours.line,
    '--segment': name === 'dark' ? colours.line : colours.panel,
    '--accent': colours.accent,
    '--look': colours.look,
    '--stop': colours.stop,
  };
}

export const variables: CSSVariablesResolver = () => ({
  variables: { '--viewport': PALETTE.viewport },
  dark: scheme('dark'),
  light: scheme('light'),
});
