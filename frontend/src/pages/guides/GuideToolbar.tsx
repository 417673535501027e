import { SegmentedControl, Slider, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

import type { GuideLook } from '../../scene/guide';
import { SECTION_REACH, type SectionName } from '../../scene/guideSection';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';

export type Look = Omit<GuideLook, 'slot'>;
export type Medium = 'space' | 'film';

interface Props {
  medium: Medium;
  onMedium: (medium: Medium) => void;
  look: Look;
  onLook: (look: Look) => void;
  /** Whether the design has a contact face, and a weakest motion, to show. */
  hasContact: boolean;
  hasWeakest: boolean;
}

/** What the view of a guide shows: whole or cut open, plain or by its gaps, with wires and weakest motion. */
export function GuideToolbar({ medium, onMedium, look, onLook, hasContact, hasWeakest }: Props): ReactNode {
  const { section } = look;
  const flips: { name: 'contact' | 'wires' | 'weakest' | 'others'; label: string; hint: string; there: boolean }[] = [
    { name: 'contact', label: 'Gaps', hint: 'Contact face coloured by its gap to the bone (G)', there: hasContact },
    { name: 'wires', label: 'Wires', hint: 'K-wires as deep as they are drilled (W)', there: true },
    { name: 'weakest', label: 'Weakest', hint: 'The motion that the contact resists least (M)', there: hasWeakest },
    { name: 'others', label: 'All bones', hint: 'The bones beside the tibia (B)', there: true },
  ];
  const cut = (name: string): void => onLook({ ...look, section: name === 'whole' ? null : { name: name as SectionName, offset: 0 } });
  return (
    <div className={caseClasses.toolbar}>
      <SegmentedControl
        size="xs"
        value={medium}
        onChange={(value) => onMedium(value as Medium)}
        data={[
          { value: 'space', label: '3D' },
          { value: 'film', label: 'Fluoroscopy' },
        ]}
        aria-label="3D or simulated fluoroscopy"
        data-testid="medium"
      />
      {medium === 'space' && (
        <>
          <SegmentedControl
            size="xs"
            value={section?.name ?? 'whole'}
            onChange={cut}
            data={[
              { value: 'whole', label: 'Whole' },
              { value: 'across', label: 'Cut across' },
              { value: 'along', label: 'Cut in the slot' },
            ]}
            aria-label="Section"
            data-testid="section"
          />
          {section && (
            <div className={classes.slider}>
              <span id="section-label">Section</span>
              <Slider
                size="xs"
                w={110}
                min={-SECTION_REACH[section.name]}
                max={SECTION_REACH[section.name]}
                step={0.5}
                label={(value) => `${value} mm`}
                value={section.offset}
                onChange={(offset) => onLook({ ...look, section: { ...section, offset } })}
                thumbProps={{ 'aria-labelledby': 'section-label' }}
              />
            </div>
          )}
          <div className={caseClasses.bones} role="group" aria-label="What is shown beside the guide">
            {flips
              .filter(({ there }) => there)
              .map(({ name, label, hint }) => (
                <Tooltip key={name} label={hint}>
                  <button
                    type="button"
                    className={caseClasses.bone}
                    aria-pressed={look[name]}
                    onClick={() => onLook({ ...look, [name]: !look[name] })}
                    data-testid={`show-${name}`}
                  >
                    <span className={caseClasses.swatch} style={{ background: look[name] ? 'var(--accent)' : 'var(--line)' }} aria-hidden />
                    {label}
                  </button>
                </Tooltip>
              ))}
          </div>
        </>
      )}
    </div>
  );
}
