import type { ReactNode } from 'react';

import type { Study } from '../../api/studies';
import type { Person } from '../../api/types';
import { clock } from '../../domain/format';
import classes from './Studies.module.css';

/** What was published and signed, for everybody who runs the study to check. */
export function ClosingTab({ study }: { study: Study; person: Person }): ReactNode {
  return (
    <div className={classes.tab}>
      <section>
        <h2>Published commitments</h2>
        <p className={classes.note}>
          SHA-256 of the sealed list of who sees what, published before the first rating. It is computed again at the
          unblinding; any other list would give another one. Keep a copy outside this application.
          {study.state === 'unblinded' && ' The list is what was committed to; with the report it can be downloaded and checked by anybody.'}
        </p>
        {study.commitments.map((one) => (
          <Seal key={one.number} sha256={one.sha256} testId={`commitment-${one.number}`}>
            No. {one.number}, {one.items} items, {clock(one.at)}
          </Seal>
        ))}
      </section>
      <section>
        <h2>Signatures</h2>
        {study.signatures.length === 0 && <p className="dim">None yet; the lock is the first.</p>}
        {study.signatures.map((one) => (
          <Seal key={one.at} sha256={one.sha256} testId="signature">
            <b>{one.name}</b>, {clock(one.at)}: {one.meaning}
          </Seal>
        ))}
      </section>
      <section>
        <h2>Unblindings</h2>
        {study.unblindings.length === 0 && <p className="dim">None.</p>}
        <ul className={classes.notes}>
          {study.unblindings.map((one) => (
            <li key={one.id} data-testid="unblinding">
              <p>
                {one.item_code ? `Item ${one.item_code} of ${one.rater_code ?? ''}, in an emergency: ` : 'The whole study: '}
                {one.reason}
              </p>
              <span className="dim">
                asked by {one.requested_by}, {clock(one.requested_at)}
                {one.approved_at && one.approved_by !== one.requested_by && ` · agreed by ${one.approved_by ?? ''}, ${clock(one.approved_at)}`}
                {!one.approved_at && ' · nobody has agreed yet'}
              </span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Seal({ sha256, testId, children }: { sha256: string; testId: string; children: ReactNode }): ReactNode {
  return (
    <div className={classes.seal} data-testid={testId}>
      <span>{children}</span>
      <code>{sha256}</code>
    </div>
  );
}
