import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import type { BoneSet, CaseDetail, XrayImage } from '../../api/types';
import { BONE_LABELS, READING_ORDER } from '../../domain/bones';
import { setLabel } from '../../domain/boneSets';
import { clock, number } from '../../domain/format';
import classes from './Case.module.css';

const NAMES = { ap: 'AP view', lateral: 'Lateral view' } as const;

/** How an image came to know its millimetres; said beside everything that is measured on it. */
const PROVENANCE: Record<string, string> = {
  geometry: 'From the acquisition geometry in the file: distances of source, patient and detector, and the pixel spacing at the detector.',
  rig: 'From the calibration of the rig that the images were made with.',
  fiducial: 'From calibration markers seen in the image.',
  projection: 'From a projection matrix that was given with the image.',
};

/** Where each millimetre comes from, and what the bones were made by. */
export function SourcesPanel({ detail, boneSet }: { detail: CaseDetail; boneSet: BoneSet | undefined }): ReactNode {
  return (
    <Stack gap="lg" data-testid="sources">
      <ImageFacts view="ap" image={detail.images.ap} />
      <ImageFacts view="lateral" image={detail.images.lateral} />
      {boneSet && <BoneFacts boneSet={boneSet} />}
    </Stack>
  );
}

function ImageFacts({ view, image }: { view: 'ap' | 'lateral'; image: XrayImage | null }): ReactNode {
  return (
    <section>
      <h3 className={classes.heading}>{NAMES[view]}</h3>
      {image ? (
        <>
          <Text size="sm">
            <b>Millimetres:</b> {PROVENANCE[image.provenance] ?? image.provenance}
          </Text>
          <dl className={classes.facts}>
            <dt>Pixels</dt>
            <dd className="figures">
              {image.columns} × {image.rows}, 16 bit
            </dd>
            {image.acquired_note && (
              <>
                <dt>Acquired</dt>
                <dd>{image.acquired_note}</dd>
              </>
            )}
            <dt>Fingerprint</dt>
            <dd className={classes.hash} title={image.sha256}>
              {image.sha256.slice(0, 16)}
            </dd>
          </dl>
        </>
      ) : (
        <Text size="sm" c="dimmed">
          Not uploaded yet
        </Text>
      )}
    </section>
  );
}

function BoneFacts({ boneSet }: { boneSet: BoneSet }): ReactNode {
  const { report } = boneSet;
  const total = report.seconds?.total;
  return (
    <section>
      <h3 className={classes.heading}>{setLabel(boneSet)}</h3>
      <dl className={classes.facts}>
        <dt>Made by</dt>
        <dd>
          {boneSet.model}, {clock(boneSet.created_at)}
        </dd>
        {total !== undefined && (
          <>
            <dt>Time taken</dt>
            <dd className="figures">{number(total)} s</dd>
          </>
        )}
        {READING_ORDER.map((bone) => (
          <Volume key={bone} name={BONE_LABELS[bone]} cubic={report.bones[bone]?.volume_mm3} />
        ))}
        <dt>{boneSet.origin === 'imported' ? 'Files' : 'Model'}</dt>
        <dd className={classes.hash} title={report.model.sha256}>
          {report.model.sha256.slice(0, 16)}
        </dd>
      </dl>
      {report.warnings.map((warning) => (
        <p key={warning} className={classes.warning}>
          {warning}
        </p>
      ))}
    </section>
  );
}

function Volume({ name, cubic }: { name: string; cubic: number | undefined }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd className="figures">{cubic === undefined ? 'not in this set' : `${number(cubic / 1000)} cm³ in view`}</dd>
    </>
  );
}
