import axe from 'axe-core';
import { expect, type Page } from './test';

/** Asserts that axe-core finds nothing on what the page shows now. */
export async function expectAccessible(page: Page): Promise<void> {
  // By the debugger, because the page's policy refuses every other way in.
  await page.evaluate(`window.axe ?? (() => { ${axe.source} })()`);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ['violations'],
    });
    return violations.map(
      violation =>
        `${violation.id}: ${violation.help}\n${violation.nodes
          .slice(0, 5)
          .map(node => `    ${node.target.join(' ')}: ${node.failureSummary?.split('\n').join(' ')}`)
          .join('\n')}`,
    );
  });
  expect(found.join('\n'), 'axe-core').toBe('');
}

/** Asserts that nothing needs scrolling sideways, and nothing visible lies beyond the edges of the window. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const beyond = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const found: string[] = [];
    const say = (element: Element): string => {
      const text = (element.textContent ?? '').trim().slice(0, 40);
      return `${element.tagName.toLowerCase()}.${element.classList.value} "${text}"`;
    };
    if (document.documentElement.scrollWidth > width + 1) found.push(`the page is wider than the window's ${width} px`);
    const main = document.querySelector('main');
    if (main !== null && main.scrollWidth > main.clientWidth + 1) found.push('main scrolls sideways');
    const isClipped = (element: Element): boolean => {
      for (let outer = element.parentElement; outer !== null && outer !== document.body; outer = outer.parentElement) {
        const style = getComputedStyle(outer);
        if (style.overflowX !== 'visible' || style.clipPath !== 'none') return true;
      }
      return false;
    };
    for (const element of document.body.querySelectorAll('*')) {
      const { left, right, width: own, height } = element.getBoundingClientRect();
      if (own === 0 || height === 0 || (left >= -1 && right <= width + 1)) continue;
      const style = getComputedStyle(element);
      if (style.visibility === 'hidden' || style.clipPath !== 'none' || isClipped(element)) continue;
      found.push(`${say(element)} from ${Math.round(left)} to ${Math.round(right)} of ${width}`);
    }
    return found.slice(0, 10);
  });
  expect(beyond.join('\n'), 'beyond the edges').toBe('');
}
