import { useCallback, useState } from 'react';

import type { BoneName } from '../../domain/bones';
import { formatOf, guessBone, measure, type MeshSize } from '../../domain/meshFiles';

/** A file that is about to be sent: the bone it holds, what was measured in it, what is wrong with it. */
export interface MeshFile {
  key: number;
  file: File;
  bone: BoneName | null;
  size: MeshSize | null;
  /** Why it could not be read; null while it is being read or when it was. */
  unreadable: string | null;
}

interface MeshFiles {
  files: MeshFile[];
  add: (files: readonly File[]) => void;
  remove: (key: number) => void;
  name: (key: number, bone: BoneName | null) => void;
}

let last = 0;

/** Files to import, read in the browser as they are chosen, so that most mistakes are seen before anything is sent. */
export function useMeshFiles(): MeshFiles {
  const [files, setFiles] = useState<MeshFile[]>([]);

  const change = useCallback((key: number, changes: Partial<MeshFile>) => {
    setFiles((now) => now.map((one) => (one.key === key ? { ...one, ...changes } : one)));
  }, []);

  const add = useCallback(
    (given: readonly File[]) => {
      const entries = given.map((file): MeshFile => {
        last += 1;
        return { key: last, file, bone: guessBone(file.name), size: null, unreadable: null };
      });
      setFiles((now) => [...now, ...entries]);
      for (const { key, file } of entries) {
        look(file).then(
          (size) => change(key, size.triangles > 0 ? { size } : { unreadable: 'It holds no surface' }),
          (error: unknown) => change(key, { unreadable: error instanceof Refused ? error.message : 'It cannot be read as a mesh' }),
        );
      }
    },
    [change],
  );

  return {
    files,
    add,
    remove: useCallback((key) => setFiles((now) => now.filter((one) => one.key !== key)), []),
    name: useCallback((key, bone) => change(key, { bone }), [change]),
  };
}

class Refused extends Error {}

async function look(file: File): Promise<MeshSize> {
  const format = formatOf(file.name);
  if (!format) throw new Refused('It is no STL, OBJ or PLY file');
  // The loaders come with the first file: most visits to a case import nothing.
  const [{ readCorners }, data] = await Promise.all([import('../../scene/meshReader'), file.arrayBuffer()]);
  return measure(readCorners(format, data));
}
