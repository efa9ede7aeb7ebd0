import { expect, type Locator, type Page } from './test';

/** A channel as it is open in a browser, by what a person finds there. */
export class Conversation {
  constructor(readonly page: Page) {}

  static async open(page: Page, community: { id: string; channelId: string }): Promise<Conversation> {
    await page.goto(`/communities/${community.id}/channels/${community.channelId}`);
    const conversation = new Conversation(page);
    await expect(conversation.field).toBeVisible();
    return conversation;
  }

  /** Where messages are written. */
  get field(): Locator {
    return this.page.getByRole('textbox', { name: /^Message #/ });
  }

  get messages(): Locator {
    return this.page.getByRole('log').getByRole('article');
  }

  message(text: string): Locator {
    return this.messages.filter({ hasText: text });
  }

  async say(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press('Enter');
    await expect(this.message(text)).toHaveCount(1);
  }

  /** A button of a message, which shows under the pointer. */
  async act(text: string, button: string): Promise<void> {
    await this.message(text).hover();
    await this.message(text).getByRole('button', { name: button, exact: true }).click();
  }

  /** The ids of the messages that are drawn, in their order. */
  drawn(): Promise<string[]> {
    return this.messages.evaluateAll(all => all.map(one => (one as HTMLElement).dataset['message'] ?? ''));
  }

  /** Notes what the banner says from now on. Some of it is shown for a few seconds only. */
  async banner(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const said: string[] = [];
      (window as unknown as { said: string[] }).said = said;
      const banner = document.querySelector('[role=status]');
      if (banner === null) throw new Error('there is no banner');
      new MutationObserver(() => said.push(banner.textContent?.trim() ?? '')).observe(banner, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    return () => this.page.evaluate(() => (window as unknown as { said: string[] }).said);
  }

  /** Marks the page, so that a reload would show. */
  async mark(): Promise<void> {
    await this.page.evaluate(() => ((window as { kept?: boolean }).kept = true));
  }

  isMarked(): Promise<boolean> {
    return this.page.evaluate(() => (window as { kept?: boolean }).kept === true);
  }
}
