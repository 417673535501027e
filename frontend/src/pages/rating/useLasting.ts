import { useEffect, useState } from 'react';

/** Has the browser keep the pages on the device; true once they are there. */
export function useLasting(): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
    const keeper = navigator.serviceWorker;
    // Without it (an old browser, a full device) everything works as before, but for a reload without a network.
    keeper
      .register('/sw.js')
      .then(() => keeper.ready)
      .then(() => setLasting(true), () => setLasting(false));
  }, []);
  return lasting;
}
