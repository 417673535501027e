/** Numbers and times as people read them. */

export function number(value: number, digits = 1): string {
  // A minus sign as wide as a digit, and no "-0.0".
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace('-', '−');
}

/** "12 s", "3 min", "1 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** "just now", "4 min ago", "3 h ago", then the date. */
export function ago(iso: string, now: Date = new Date()): string {
  const seconds = (now.getTime() - new Date(iso).getTime()) / 1000;
  if (seconds < 45) return 'just now';
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return day(iso);
}

export function day(iso: string): string {
  return new Date(iso).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

export function clock(iso: string): string {
  return new Date(iso).toLocaleString(undefined, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 ** 2) return `${Math.round(size / 1024)} KB`;
  return `${(size / 1024 ** 2).toFixed(1)} MB`;
}

export const SIDES = { L: 'Left', R: 'Right' } as const;

/** "deg" and "percent" as they are written beside a number. */
export function unit(name: string): string {
  return { deg: '°', degrees: '°', percent: '%', mm3: 'mm³', mm2: 'mm²' }[name] ?? name;
}

/** "87 to 91°", so that no dash stands beside a minus sign; narrow ranges with one decimal, ratios with two. */
export function range(band: readonly number[], name: string): string {
  const mark = unit(name);
  const digits = mark === '' ? 2 : Math.max(...band) - Math.min(...band) < 4 ? 1 : 0;
  return `${band.map((edge) => number(edge, digits)).join(' to ')}${mark === '°' ? '' : ' '}${mark}`.trimEnd();
}

/** "8.0°" but "8.0 mm". */
export function quantity(value: number, name: string, digits = 1): string {
  const mark = unit(name);
  return `${number(value, digits)}${mark === '°' ? '' : ' '}${mark}`.trimEnd();
}

/** "1 case", "2 cases". */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
