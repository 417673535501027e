import { Modal, Table } from '@mantine/core';
import type { ReactNode } from 'react';

import { useKeys } from '../components/useKeys';

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [['/'], 'Search the worklist'],
  [['N'], 'New case'],
  [['↑', '↓', 'Enter'], 'Walk the worklist and open a case'],
  [['1', '…', '6'], 'Bones: anterior, posterior, medial, lateral, superior, inferior'],
  [['R'], 'Bones: everything in sight, from the front'],
  [['↑', '↓', '←', '→'], 'Bones in focus: turn. X-ray in focus: brightness and contrast'],
  [['+', '−'], 'Zoom the bones or the X-ray in focus'],
  [['C'], 'Two bone sets: flip between them'],
  [['G', 'W', 'M', 'B'], 'Guide: gaps, wires, weakest motion, all bones'],
  [['I'], 'X-ray in focus: invert'],
  [['O'], 'Outlines over the X-rays on and off'],
  [['B'], 'Plan: before and after the correction'],
  [['V'], 'Plan: next view'],
  [['M', 'A', 'L', 'X'], 'Plan: landmarks, lines, long leg, bones on the X-rays'],
  [['Ctrl Z', 'Ctrl Y'], 'Plan: undo and redo whatever was asked'],
  [['Enter', '←', 'PgDn'], 'Long-leg film: place a point, move it, go to the next'],
  [['0', '…', '9'], 'Rating: answer the open question and go to the next'],
  [['N', 'B', 'P'], 'Rating: next item, back, break'],
  [['V'], 'Rating: six views or free 3D'],
  [['T'], 'Rating a guide: guide placed, cut complete'],
  [['?'], 'This list'],
];

export function useHelpKey(open: () => void): void {
  useKeys({ '?': open });
}

export function KeyboardHelp({ opened, onClose }: { opened: boolean; onClose: () => void }): ReactNode {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" size="lg">
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {KEYS.map(([keys, text]) => (
            <Table.Tr key={text}>
              <Table.Td w={170}>
                <span className="keys">{keys.map((key) => (key === '…' ? '…' : <kbd key={key}>{key}</kbd>))}</span>
              </Table.Td>
              <Table.Td>{text}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <p className="dim">
        On an X-ray, drag sideways for contrast and up or down for brightness, turn the wheel to zoom, hold Shift to move
        the image, double-click to start over.
      </p>
    </Modal>
  );
}
