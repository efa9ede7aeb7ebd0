import workerUrl from './worker?sharedworker&url';

/** The part of Trusted Types that is needed here; browsers without it take the plain address. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };

/**
 * The address of the shared worker's script. The page's Content-Security-Policy lets no other text become a script:
 * it names this policy, and the policy allows this one address.
 */
export const workerScript: string =
  trustedTypes
    ?.createPolicy('veza-worker', {
      createScriptURL(url) {
        if (url !== workerUrl) throw new TypeError(`${url} is not the worker`);
        return url;
      },
    })
    .createScriptURL(workerUrl) ?? workerUrl;
