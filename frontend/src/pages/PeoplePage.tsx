import { Badge, Button, Checkbox, Group, Modal, PasswordInput, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { UserPlus } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { fieldError } from '../api/errors';
import { useChangePerson, useCreatePerson, usePeople } from '../api/queries';
import { type Person, type PersonRecord, type Role, ROLES } from '../api/types';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { ErrorNote } from '../components/ErrorNote';
import { NotFoundPage } from './NotFoundPage';
import classes from './People.module.css';

const DUTIES: Record<Role, string> = {
  surgeon: 'Begins cases, plans, approves',
  engineer: 'Designs guides from approved plans',
  coordinator: 'Will run studies; sees no patients',
  administrator: 'Looks after people; sees no patients',
  rater: 'Rates in blinded studies; sees nothing else, and has no other role',
};

/** Who may log in, and as what. */
export default function PeoplePage({ person }: { person: Person }): ReactNode {
  useDocumentTitle('People · Knee Guides');
  if (!person.roles.includes('administrator')) return <NotFoundPage />;
  return <People self={person.id} />;
}

function People({ self }: { self: string }): ReactNode {
  const people = usePeople();
  const change = useChangePerson();
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<PersonRecord | null>(null);
  const [leaving, setLeaving] = useState<PersonRecord | null>(null);

  return (
    <div className={classes.page} data-testid="people-page">
      <Group justify="space-between">
        <div>
          <Title order={1}>People</Title>
          <Text size="sm" c="dimmed">
            Who may log in at this site, and as what
          </Text>
        </div>
        <Button leftSection={<UserPlus size={16} />} onClick={() => setCreating(true)} data-testid="new-person">
          New person
        </Button>
      </Group>
      {people.isError && <ErrorNote error={people.error} onRetry={() => void people.refetch()} />}
      {change.isError && <ErrorNote error={change.error} onClose={change.reset} />}
      <div className={classes.card}>
        <Table verticalSpacing="sm" horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>User name</Table.Th>
              <Table.Th>Roles</Table.Th>
              <Table.Th w={200} aria-label="Acts" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(people.data ?? []).map((one) => (
              <Table.Tr key={one.id} data-testid={`person-${one.username}`} className={one.is_active ? '' : classes.inactive}>
                <Table.Td fw={550}>
                  {one.name}
                  {one.id === self && <span className="dim"> (you)</span>}
                </Table.Td>
                <Table.Td>{one.username}</Table.Td>
                <Table.Td>
                  <Group gap={6}>
                    {!one.is_active && (
                      <Badge variant="outline" color="gray" tt="none" fw={500}>
                        may not log in
                      </Badge>
                    )}
                    {one.roles.map((role) => (
                      <Badge key={role} variant="default" tt="none" fw={500}>
                        {role}
                      </Badge>
                    ))}
                    {one.roles.length === 0 && <span className="dim">none</span>}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    <Button variant="subtle" color="gray" size="compact-sm" onClick={() => setEditing(one)} data-testid={`roles-${one.username}`}>
                      Roles
                    </Button>
                    {one.is_active ? (
                      <Button
                        variant="subtle"
                        color="gray"
                        size="compact-sm"
                        disabled={one.id === self}
                        onClick={() => setLeaving(one)}
                        data-testid={`deactivate-${one.username}`}
                      >
                        Deactivate
                      </Button>
                    ) : (
                      <Button
                        variant="subtle"
                        size="compact-sm"
                        onClick={() => change.mutate({ id: one.id, is_active: true })}
                        data-testid={`activate-${one.username}`}
                      >
                        Activate
                      </Button>
                    )}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {people.isPending && (
          <Text c="dimmed" p="md" size="sm">
            Loading …
          </Text>
        )}
      </div>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
      {editing && <RolesDialog person={editing} onClose={() => setEditing(null)} />}
      <ConfirmDialog
        opened={leaving !== null}
        title={`Deactivate ${leaving?.name ?? ''}?`}
        act="Deactivate"
        final
        busy={change.isPending}
        onClose={() => setLeaving(null)}
        onConfirm={() => leaving && change.mutate({ id: leaving.id, is_active: false }, { onSettled: () => setLeaving(null) })}
      >
        They can no longer log in. What they did stays as it is, under their name; you can activate them again.
      </ConfirmDialog>
    </div>
  );
}

function RoleChoice({ value, onChange }: { value: Role[]; onChange: (roles: Role[]) => void }): ReactNode {
  return (
    <Checkbox.Group label="Roles" value={value} onChange={(roles) => onChange(roles as Role[])}>
      <Stack gap="xs" mt={6}>
        {ROLES.map((role) => (
          <Checkbox key={role} value={role} label={role.charAt(0).toUpperCase() + role.slice(1)} description={DUTIES[role]} data-testid={`role-${role}`} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

function RolesDialog({ person, onClose }: { person: PersonRecord; onClose: () => void }): ReactNode {
  const [roles, setRoles] = useState<Role[]>(person.roles);
  const change = useChangePerson();
  return (
    <Modal opened onClose={onClose} title={`Roles of ${person.name}`} size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ id: person.id, roles }, { onSuccess: onClose });
        }}
      >
        <Stack>
          {change.isError && <ErrorNote error={change.error} />}
          <RoleChoice value={roles} onChange={setRoles} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={change.isPending} data-testid="save-roles">
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [roles, setRoles] = useState<Role[]>([]);
  const create = useCreatePerson();
  return (
    <Modal opened onClose={onClose} title="New person" size="md" data-testid="new-person-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name, username, password, roles }, { onSuccess: onClose });
        }}
      >
        <Stack gap="sm">
          {create.isError && <ErrorNote error={create.error} />}
          <TextInput
            label="Name"
            required
            withAsterisk={false}
            data-autofocus
            maxLength={120}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={fieldError(create.error, 'name')}
            data-testid="person-name"
          />
          <TextInput
            label="User name"
            required
            withAsterisk={false}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            error={fieldError(create.error, 'username')}
            data-testid="person-username"
          />
          <PasswordInput
            label="First password"
            description="Tell it to the person yourself"
            required
            withAsterisk={false}
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={fieldError(create.error, 'password')}
            data-testid="person-password"
          />
          <RoleChoice value={roles} onChange={setRoles} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending} data-testid="create-person">
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
