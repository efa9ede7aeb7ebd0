const Key = 'veza.appearance';

export type Theme = 'system' | 'light' | 'dark' | 'contrast';
export const themes: readonly Theme[] = ['system', 'light', 'dark', 'contrast'];

interface Kept {
  theme?: Theme;
  language?: string;
  motion?: 'system' | 'reduced';
}

function read(): Kept {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(Key) ?? '{}');
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    return {};
  }
}

/** How the page looks and speaks on this device. `public/theme.js` applies the same before the first paint. */
class Appearance {
  theme: Theme = $state('system');
  language: string | undefined = $state(undefined);
  motion: 'system' | 'reduced' = $state('system');

  constructor() {
    const kept = read();
    if (kept.theme !== undefined && themes.includes(kept.theme)) this.theme = kept.theme;
    this.language = kept.language;
    if (kept.motion === 'reduced') this.motion = 'reduced';
  }

  /** Shows what is chosen, and keeps it. Called whenever one of the three changes. */
  apply(): void {
    const { dataset } = document.documentElement;
    if (this.theme === 'system') delete dataset['theme'];
    else dataset['theme'] = this.theme;
    if (this.motion === 'system') delete dataset['motion'];
    else dataset['motion'] = this.motion;
    const kept: Kept = { theme: this.theme, motion: this.motion };
    if (this.language !== undefined) kept.language = this.language;
    try {
      localStorage.setItem(Key, JSON.stringify(kept));
    } catch {
      // Without storage the choice holds until the page closes.
    }
  }
}

export const appearance = new Appearance();
