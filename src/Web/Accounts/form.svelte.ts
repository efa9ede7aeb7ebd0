import { Problem } from '@veza/client';
import { tick } from 'svelte';
import { accountProblem } from './problems';

/**
 * A form's call: whether it runs, and what is wrong with which field. A refusal belongs to the field that the server
 * names, or whose codes hold the refusal's code; all else concerns the form.
 */
export class Form<Field extends string> {
  busy: boolean = $state(false);
  error: unknown = $state.raw();

  /** @param codes of each field, the problem codes that are its fault */
  constructor(readonly codes: Readonly<Record<Field, readonly string[]>>) {}

  at(field: Field): string | undefined {
    const { error } = this;
    if (!(error instanceof Problem)) return undefined;
    const text = error.errors[field]?.join(' ');
    return text ?? (this.codes[field].includes(error.code) ? accountProblem(error) : undefined);
  }

  /** What is wrong beside the fields. */
  get rest(): string | undefined {
    const fields = Object.keys(this.codes) as Field[];
    return this.error === undefined || fields.some(field => this.at(field)) ? undefined : accountProblem(this.error);
  }

  /** Runs the call of a submitted form, once at a time. Then the first wrong field has the focus. */
  async submit(event: SubmitEvent, call: () => Promise<void>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    await this.run(call);
    await tick();
    if (this.error !== undefined) form.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }

  async run(call: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = undefined;
    try {
      await call();
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}
