/** The build's part in keeping the pages on a device: `sw.js` learns the names of all their files. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

import type { Plugin } from 'vite';

export const WORKER = 'sw';

export function keeper(base: string): Plugin {
  return {
    name: 'keeper',
    enforce: 'post',
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => name.startsWith('assets/')).sort();
      const fixed = readdirSync('public').sort();
      const hash = createHash('sha256').update(built.join());
      for (const path of ['index.html', ...fixed.map((name) => `public/${name}`)]) hash.update(readFileSync(path));
      const files = [...built, ...fixed].map((name) => base + name);
      const shell = { version: hash.digest('hex').slice(0, 16), files };
      const worker = bundle[`${WORKER}.js`];
      if (worker?.type !== 'chunk' || worker.imports.length > 0) this.error('sw.js has to be one file of its own');
      worker.code = `const SHELL=${JSON.stringify(shell)};${worker.code}`;
    },
  };
}
