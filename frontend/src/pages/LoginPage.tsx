import { Group, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

import { LoginForm } from '../app/LoginForm';
import classes from '../app/Shell.module.css';

export function LoginPage(): ReactNode {
  useDocumentTitle('Log in · Knee Guides');
  return (
    <main className={classes.loginPage} data-testid="login-page">
      <div className={classes.loginCard}>
        <Group gap="sm" mb={4}>
          <img src={`${import.meta.env.BASE_URL}mark.svg`} width={36} height={36} alt="" />
          <Title order={1}>Knee Guides</Title>
        </Group>
        <Text size="sm" c="dimmed" mb="lg">
          From two X-rays to a printable guide for high tibial osteotomy.
        </Text>
        <LoginForm />
      </div>
    </main>
  );
}
