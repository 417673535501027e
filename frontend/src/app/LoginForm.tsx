import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { useLogIn } from '../api/queries';
import type { Person } from '../api/types';
import { ErrorNote } from '../components/ErrorNote';

interface Props {
  username?: string;
  onDone?: (person: Person) => void;
}

/** User name and password; what was typed stays after a refusal. */
export function LoginForm({ username: known, onDone }: Props): ReactNode {
  const [username, setUsername] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const logIn = useLogIn();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        logIn.mutate({ username, password }, { onSuccess: ({ person }) => person && onDone?.(person) });
      }}
    >
      <Stack gap="sm">
        {logIn.isError && <ErrorNote error={logIn.error} />}
        <TextInput
          label="User name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          data-autofocus={known === undefined || undefined}
          autoFocus={known === undefined}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          data-testid="username"
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus={known !== undefined || undefined}
          autoFocus={known !== undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-testid="password"
        />
        <Button type="submit" loading={logIn.isPending} mt={4} data-testid="log-in">
          Log in
        </Button>
      </Stack>
    </form>
  );
}
