import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { keeper, WORKER } from './keeper';

// `KNEE_SERVER` points the development server at a running backend.
const server = process.env.KNEE_SERVER ?? 'http://127.0.0.1:8000';

export default defineConfig(({ command }) => ({
  // Django serves the built assets under /static/ and index.html at every other path.
  base: command === 'build' ? '/static/' : '/',
  plugins: [react(), keeper('/static/')],
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { index: 'index.html', [WORKER]: 'src/worker/sw.ts' },
      output: {
        // The keeper of the pages has a name that stays, in the folder whose addresses it looks after.
        entryFileNames: ({ name }) => (name === WORKER ? '[name].js' : 'assets/[name]-[hash].js'),
        advancedChunks: {
          groups: [
            { name: 'three', test: /node_modules[\\/]three/ },
            { name: 'vendor', test: /node_modules/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      // The browser's own host is passed on: Django compares it with the origin.
      '/api': { target: server, changeOrigin: false },
      '/ws': { target: server, changeOrigin: false, ws: true },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
}));
