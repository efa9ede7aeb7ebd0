/** How long a message stays; one with an action stays until it is dismissed. */
const StaysMs = 6_000;
const ShownMax = 3;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'plain' | 'good' | 'bad';
  readonly action?: { readonly text: string; readonly run: () => void };
}

let last = 0;

/** Short messages at the edge of the page, about what a person just did. */
class Toasts {
  all: Toast[] = $state([]);

  say(text: string, kind: Toast['kind'] = 'plain', action?: Toast['action']): void {
    const toast: Toast = { id: ++last, text, kind, ...(action && { action }) };
    this.all = [...this.all.slice(1 - ShownMax), toast];
    if (action === undefined) setTimeout(() => this.dismiss(toast.id), StaysMs);
  }

  dismiss(id: number): void {
    this.all = this.all.filter(toast => toast.id !== id);
  }
}

export const toasts = new Toasts();
