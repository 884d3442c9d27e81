import { GSSAPI_HINT, type Hub, HubError, openHub } from '../koji/hub.ts';
import { type Profile, ProfileError, readProfile } from '../koji/profile.ts';
import { type Context, kerberosUser, Refused, userName } from './settings.ts';

export interface KojiSession {
  readonly hub: Hub;
  readonly profile: Profile;
}

export function kojiProfile({ run, settings }: Context): Profile {
  try {
    return readProfile(run, settings.kojiProfile);
  } catch (error) {
    if (error instanceof ProfileError) throw new Refused(error.message, { cause: error });
    throw error;
  }
}

/** A session that is logged in. The caller closes its hub. */
export async function openKojiSession(context: Context): Promise<KojiSession> {
  const profile = kojiProfile(context);
  const hub = openHub(context.run, profile);
  try {
    await login(context, hub, profile);
    return { hub, profile };
  } catch (error) {
    hub.close();
    throw error;
  }
}

async function login(context: Context, hub: Hub, profile: Profile): Promise<void> {
  const { run, settings, globals } = context;
  const { authtype } = profile;
  if (authtype === 'password' || (authtype === undefined && globals.password !== undefined)) {
    await hub.login({ user: userName(context), password: globals.password });
    return;
  }
  if (kerberosUser(run, settings) === undefined) {
    run.warn('Kerberos authentication is used, but you do not have a valid credential.');
    run.warn(
      `Please use kinit to get credential with a principal that has realm ${settings.realms.join(' or ')}`,
    );
  } else {
    try {
      await hub.gssapiLogin();
      return;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      if (error.message !== '') run.warn(`${error.message}\n${GSSAPI_HINT}`);
      run.warn(`Kerberos authentication fails: unable to obtain a session ${error.message}\n${GSSAPI_HINT}`);
    }
  }
  throw new Refused(`Could not login to ${profile.server}`);
}
