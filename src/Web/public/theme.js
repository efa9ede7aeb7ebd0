// Applies the theme and the direction that were chosen on this device, before the first paint.
(() => {
  try {
    const { theme, language } = JSON.parse(localStorage.getItem('veza.appearance') ?? '{}');
    const root = document.documentElement;
    if (theme === 'light' || theme === 'dark' || theme === 'contrast') root.dataset.theme = theme;
    if (language) root.lang = language;
  } catch {
    // Without storage, or with a foreign value in it, the system's theme holds.
  }
})();
