import { useQueries, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { pixelsOptions } from '../../api/queries';
import { bonesOptions, type ItemPage, itemOptions } from '../../api/rating';
import type { XrayImage } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import type { Outbox } from '../../domain/outbox';
import { XrayViewer } from '../case/XrayViewer';
import { BonesPane } from './BonesPane';
import classes from './Rating.module.css';

const NOTHING_HIDDEN: ReadonlySet<never> = new Set();

/** What the viewer of X-rays needs; a rater is told nothing else of an image. */
function asImage(token: string, { view, rows, columns, window_center, window_width }: ItemPage['xrays'][number]): XrayImage {
  return {
    id: `${token}/${view}`,
    view,
    rows,
    columns,
    window: { center: window_center, width: window_width },
    pixels_url: `/api/rating/items/${token}/xrays/${view}/`,
    sha256: '',
    projection: [],
    provenance: '',
    acquired_note: '',
  };
}

interface Props {
  box: Outbox;
  token: string;
  resting: boolean;
  onResume: () => void;
  onRefresh: () => void;
  /** The questions, and whether what they are about is there to be seen. */
  children: (shown: boolean) => ReactNode;
}

/** Whether both X-rays and the bones have come: nobody rates what they have not seen. */
function useShown(token: string, xrays: readonly XrayImage[] | undefined): boolean {
  const images = useQueries({ queries: (xrays ?? []).map((image) => pixelsOptions(image)) });
  const bones = useQuery({ ...bonesOptions(token), enabled: xrays !== undefined });
  return bones.isSuccess && images.every((one) => one.isSuccess);
}

/** Both X-rays, and one version of the bones from six sides or in the hand. */
export function ModelItem({ box, token, resting, onResume, onRefresh, children }: Props): ReactNode {
  const page = useQuery(itemOptions(box, token));
  const xrays = page.data?.xrays.map((xray) => asImage(token, xray));
  const shown = useShown(token, xrays);
  if (page.isError) {
    const retry = (): void => {
      onRefresh();
      void page.refetch();
    };
    return (
      <div className={classes.message}>
        <ErrorNote error={page.error} title="Opening the item" onRetry={retry} />
      </div>
    );
  }
  if (!page.data) {
    const offline = page.fetchStatus === 'paused';
    return (
      <div className={classes.message} role="status">
        {offline ? 'Waiting for the connection: X-rays and bones of this item are on the server.' : 'Opening the item …'}
      </div>
    );
  }
  return (
    <div className={classes.model} data-testid="model-item">
      <div className={classes.sight} inert={resting}>
        <div className={classes.xrays}>
          {xrays?.map((xray) => (
            <section key={xray.id} className={classes.pane} aria-label={`${xray.view === 'ap' ? 'AP' : 'Lateral'} X-ray`}>
              <XrayViewer image={xray} outlines={undefined} outlineOpacity={0} hidden={NOTHING_HIDDEN} />
            </section>
          ))}
        </div>
        <BonesPane token={token} />
      </div>
      {children(shown)}
      {resting && <PauseCover onResume={onResume} />}
    </div>
  );
}

function PauseCover({ onResume }: { onResume: () => void }): ReactNode {
  return (
    <div className={classes.cover} data-testid="paused">
      <h2>Break</h2>
      <p>The time of this item stands still. Everything that you answered is kept.</p>
      <button type="button" className={classes.bigButton} onClick={onResume} data-testid="resume">
        Go on <kbd>P</kbd>
      </button>
    </div>
  );
}
