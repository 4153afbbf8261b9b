import { defineConfig } from '@playwright/test'
import config from './playwright.config.ts'

/** Browser tests against the product as it is deployed on a cluster: `npm run test:cluster` prepares it. */
export default defineConfig(config, { testMatch: '**/*.e2e-cluster.ts', timeout: 240_000 })
