import { lookup } from 'node:dns/promises'
import { failed, ok, skipped } from './check.ts'
import type { Check, Finding } from './check.ts'
import { LOOK_TIMEOUT_MS } from './limits.ts'

/** Where browsers go: the application's name and any name under the preview domain, with certificates that they trust. */
export function addressChecks({ publicUrl, previewDomain }: { publicUrl: URL; previewDomain: string }): Check[] {
  const preview = new URL(publicUrl)
  // A port and a repl that nobody has: any name of that form must lead here.
  preview.hostname = `3000-d0ctord0ctord0ct.${previewDomain}`
  return [
    {
      name: `address: ${publicUrl.host}`,
      look: () => lookAt(publicUrl, 'Make a DNS record of that name (PUBLIC_URL).'),
    },
    {
      name: `address: *.${previewDomain}`,
      look: async () =>
        isLocal(preview) && !isLocal(publicUrl)
          ? failed(
              `Previews would be looked for on everybody's own machine.`,
              'Set PREVIEW_DOMAIN to a wildcard domain.',
            )
          : lookAt(
              preview,
              `Make a wildcard DNS record *.${previewDomain} (PREVIEW_DOMAIN) to where ${publicUrl.hostname} leads.`,
            ),
    },
  ]
}

function isLocal({ hostname }: URL): boolean {
  return /(^|\.)localhost$/.test(hostname)
}

async function lookAt(url: URL, advice: string): Promise<Finding> {
  if (isLocal(url)) return ok('this machine, in every browser')
  let addresses: string[]
  try {
    addresses = (await lookup(url.hostname, { all: true })).map(({ address }) => address)
  } catch {
    return failed(`No DNS server knows ${url.hostname}.`, advice)
  }
  const where = `leads to ${addresses.join(', ')}`
  try {
    await fetch(new URL('/api/health', url), { redirect: 'manual', signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) })
    return ok(where)
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : new Error(String(error))
    const code = 'code' in reason ? String(reason.code) : ''
    if (/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) {
      return failed(
        `${url.host} shows a certificate that browsers do not trust (${code}).`,
        `Get one for ${url.hostname.replace(/^3000-d0ctord0ctord0ct/, '*')}: with cert-manager see k8s/overlays/production/certificates.yaml.`,
      )
    }
    return skipped(`${where}; nothing answers there from here (${code || reason.message})`)
  }
}
