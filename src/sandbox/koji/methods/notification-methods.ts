import { generic } from '../faults.ts';
import { findUser, type Hub, hasPerm, mustFindUser, type Notification, type User } from '../hub.ts';
import { type CallContext, type Methods, read, write } from '../method.ts';
import { flag, mustBeUser } from '../sessions.ts';
import type { Arguments } from '../signature.ts';
import { plainText, type Struct, type Value } from '../value.ts';

const EMAIL_DOMAIN = 'sandbox.invalid';

function shown({ id, user, blocks, package_id, tag_id, success_only }: Notification): Struct {
  const what = { id, user_id: user.id, package_id, tag_id };
  return blocks ? what : { ...what, success_only, email: `${user.name}@${EMAIL_DOMAIN}` };
}

function wordOf(blocks: boolean): string {
  return blocks ? 'notification block' : 'notification';
}

function listed({ userID = null }: Arguments, { hub, caller }: CallContext, blocks: boolean): Value {
  const user = userID === null ? mustBeUser(caller) : mustFindUser(hub, userID);
  return hub.notifications.filter((one) => one.blocks === blocks && one.user === user).map(shown);
}

function found(hub: Hub, id: Value, blocks: boolean): Notification | undefined {
  return hub.notifications.find((one) => one.blocks === blocks && one.id === id);
}

function mustFind(hub: Hub, id: Value, blocks: boolean): Notification {
  const one = found(hub, id, blocks);
  if (one === undefined) throw generic(`No ${wordOf(blocks)} with ID ${plainText(id)} found`);
  return one;
}

function told({ id = null, strict }: Arguments, { hub }: CallContext, blocks: boolean): Value {
  const one = flag(strict) ? mustFind(hub, id, blocks) : found(hub, id, blocks);
  return one === undefined ? null : shown(one);
}

function assertMay(caller: CallContext['caller'], act: string, owner: User): void {
  const user = mustBeUser(caller);
  if (user === owner || hasPerm(user, 'admin')) return;
  throw generic(`user ${user.id} cannot ${act} for user ${owner.id}`);
}

function idOrNil(value: Value | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function create(args: Arguments, { hub, caller }: CallContext, blocks: boolean): null {
  const { user_id = null, package_id, tag_id, success_only } = args;
  const owner = findUser(hub, user_id);
  if (owner === undefined) throw generic(`Invalid user ID: ${plainText(user_id)}`);
  assertMay(caller, `create ${wordOf(blocks)}s`, owner);
  const wanted = {
    package_id: idOrNil(package_id),
    tag_id: idOrNil(tag_id),
    success_only: flag(success_only),
  };
  assertNew(hub, { ...wanted, id: 0, user: owner, blocks });
  const ids = hub.notifications.filter((one) => one.blocks === blocks).map(({ id }) => id);
  hub.notifications.push({ ...wanted, id: Math.max(0, ...ids) + 1, user: owner, blocks });
  return null;
}

function assertNew(hub: Hub, wanted: Notification): void {
  const same = hub.notifications.some(
    (one) =>
      one.blocks === wanted.blocks &&
      one.user === wanted.user &&
      one.package_id === wanted.package_id &&
      one.tag_id === wanted.tag_id &&
      (one.blocks || one.success_only === wanted.success_only),
  );
  if (same) throw generic('notification already exists');
}

function remove({ id = null }: Arguments, { hub, caller }: CallContext, blocks: boolean): null {
  const one = mustFind(hub, id, blocks);
  assertMay(caller, `delete ${wordOf(blocks)}s`, one.user);
  hub.notifications.splice(hub.notifications.indexOf(one), 1);
  return null;
}

/** Who wants to be told of builds. Nobody is: Fedora's hub keeps the list and sends nothing. */
export const notificationMethods: Methods = {
  getBuildNotifications: read('RootExports.getBuildNotifications(userID=None)', (args, context) =>
    listed(args, context, false),
  ),
  getBuildNotificationBlocks: read('RootExports.getBuildNotificationBlocks(userID=None)', (args, context) =>
    listed(args, context, true),
  ),
  getBuildNotification: read('RootExports.getBuildNotification(id, strict=False)', (args, context) =>
    told(args, context, false),
  ),
  getBuildNotificationBlock: read(
    'RootExports.getBuildNotificationBlock(id, strict=False)',
    (args, context) => told(args, context, true),
  ),
  createNotification: write(
    'RootExports.createNotification(user_id, package_id, tag_id, success_only)',
    (args, context) => create(args, context, false),
  ),
  createNotificationBlock: write(
    'RootExports.createNotificationBlock(user_id, package_id=None, tag_id=None)',
    (args, context) => create(args, context, true),
  ),
  updateNotification: write(
    'RootExports.updateNotification(id, package_id, tag_id, success_only)',
    ({ id = null, package_id, tag_id, success_only }, { hub, caller }) => {
      const one = mustFind(hub, id, false);
      assertMay(caller, 'update notifications', one.user);
      const wanted = {
        package_id: idOrNil(package_id),
        tag_id: idOrNil(tag_id),
        success_only: flag(success_only),
      };
      assertNew(hub, { ...one, ...wanted });
      Object.assign(one, wanted);
      return null;
    },
  ),
  deleteNotification: write('RootExports.deleteNotification(id)', (args, context) =>
    remove(args, context, false),
  ),
  deleteNotificationBlock: write('RootExports.deleteNotificationBlock(id)', (args, context) =>
    remove(args, context, true),
  ),
};
