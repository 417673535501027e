import { useEffect, useState } from 'react';

/** The time of this device in milliseconds, renewed every `every` of them while `on`. */
export function useNow(on: boolean, every = 250): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!on) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [on, every]);
  return now;
}
