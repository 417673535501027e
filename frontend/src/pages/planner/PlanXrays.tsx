import type { ReactNode } from 'react';

import { useOutlines } from '../../api/queries';
import type { BoneSet, CaseDetail } from '../../api/types';
import type { BoneName } from '../../domain/bones';
import caseClasses from '../case/Case.module.css';
import { XrayPane } from '../case/XrayPane';

interface Props {
  detail: CaseDetail;
  boneSet: BoneSet;
  hidden: ReadonlySet<BoneName>;
}

/** The X-rays of the case with the outlines of the bones that are planned on. */
export function PlanXrays({ detail, boneSet, hidden }: Props): ReactNode {
  const outlined = boneSet.frame === 'rig';
  const outlines = useOutlines(outlined ? boneSet.id : undefined);
  return (
    <div className={caseClasses.views} data-layout="images">
      <div className={caseClasses.films}>
        {(['ap', 'lateral'] as const).map((view) => (
          <XrayPane
            key={view}
            caseId={detail.id}
            view={view}
            image={detail.images[view]}
            mayUpload={false}
            outlines={outlined ? outlines.data?.[view] : undefined}
            outlineOpacity={0.85}
            hidden={hidden}
          />
        ))}
      </div>
    </div>
  );
}
