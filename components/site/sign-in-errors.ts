/** What went wrong with a sign-in, for the codes that next-auth and our own callbacks put into `?error=`. */
export function signInError(
  code: string | undefined,
  admin: string | undefined,
): { message: string; advice: string } | undefined {
  switch (code) {
    case undefined:
    // Not an error: somebody came to a page that needs it.
    case 'SessionRequired':
      return undefined
    case 'NotAllowed':
      return {
        message: 'This GitHub account may not sign in here.',
        advice:
          admin === undefined
            ? 'Ask whoever runs this server to add your GitHub name to ALLOWED_GITHUB_USERS.'
            : `Ask ${admin} (on GitHub), who runs this server, to let you in.`,
      }
    case 'UsedLink':
      return {
        message: 'This link is unknown, used or expired.',
        advice: 'Each printed link works once. Run npm start again in a terminal and open the link that it prints.',
      }
    case 'CredentialsSignin':
      return {
        message: 'This browser is not known to the server.',
        advice: 'Open the link that npm start printed, then continue.',
      }
    case 'AccessDenied':
      return {
        message: 'GitHub did not let you through.',
        advice: 'Sign in again and allow the access that is asked for.',
      }
    case 'OAuthSignin':
    case 'OAuthCallback':
    case 'Callback':
      return {
        message: 'The sign-in with GitHub did not complete.',
        advice: 'It may have taken too long, or been opened twice. Try again.',
      }
    case 'Configuration':
      return {
        message: 'Signing in is not set up correctly on this server.',
        advice: 'Whoever runs it finds the reason in its log.',
      }
    default:
      return { message: 'Signing in did not work.', advice: 'Try again.' }
  }
}
