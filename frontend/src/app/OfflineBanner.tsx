import { useNetwork } from '@mantine/hooks';
import { WifiOff } from 'lucide-react';
import type { ReactNode } from 'react';

import classes from './Shell.module.css';

/** Says that the network is gone, for as long as it is. */
export function OfflineBanner(): ReactNode {
  const { online } = useNetwork();
  if (online) return null;
  return (
    <div className={classes.offline} role="status" data-testid="offline">
      <WifiOff size={16} aria-hidden /> You are offline. What you see may be out of date; nothing that you typed is lost.
    </div>
  );
}
