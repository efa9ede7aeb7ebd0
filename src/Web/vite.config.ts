import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Where `npm run dev` finds a running Veza. */
const veza = process.env['VEZA_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: {
      'decode-named-character-reference': fileURLToPath(
        new URL('Chat/Messages/characterReferences.ts', import.meta.url),
      ),
    },
  },
  build: {
    target: 'es2022',
    // The Content-Security-Policy allows no data: scripts, and fonts and images only from files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The names of all emoji in one language, loaded with the picker.
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      // SignalR's packages have comments that Rollup cannot read, and drops.
      onwarn: (warning, warn) => warning.code === 'INVALID_ANNOTATION' || warn(warning),
    },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': veza,
      '/openapi': veza,
      '/docs': veza,
      '/hubs': { target: veza, ws: true },
      // A broadcast's sound, and its source. Its page has the same address, and is what a navigation asks for.
      '^/live/[0-9a-f-]{36}': {
        target: veza,
        ws: true,
        bypass: request => (request.headers.accept?.includes('text/html') ? '/index.html' : undefined),
      },
    },
  },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules', 'dist'],
    // Built like the page, so that the alias holds within it.
    server: { deps: { inline: [/micromark|mdast/] } },
  },
});
