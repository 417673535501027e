import { Menu, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { ClipboardCheck, ClipboardList, DraftingCompass, FlaskConical, House, Keyboard, LogOut, Moon, Sun, Users } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';

import { useLogOut, useSession, useWorklistLive } from '../api/queries';
import { ErrorBoundary } from './ErrorBoundary';
import { KeyboardHelp, useHelpKey } from './KeyboardHelp';
import { OfflineBanner } from './OfflineBanner';
import classes from './Shell.module.css';

function initials(name: string): string {
  return name
    .split(/[\s._-]+/)
    .map((part) => part.charAt(0))
    .join('')
    .slice(0, 2)
    .toUpperCase();
}

/** The rail, and the page beside it. */
export function Shell({ children }: { children: ReactNode }): ReactNode {
  const [location] = useLocation();
  const { person } = useSession();
  const logOut = useLogOut();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('dark');
  const [help, setHelp] = useState(false);
  useHelpKey(() => setHelp(true));
  useWorklistLive();
  if (!person) return null;
  // Raters and coordinators have their studies for a home.
  const onlyStudies = person.roles.length > 0 && person.roles.every((role) => role === 'rater' || role === 'coordinator');
  const runsStudies = person.roles.includes('coordinator') || person.roles.includes('administrator');
  const seesCases = person.roles.includes('surgeon') || person.roles.includes('engineer');

  return (
    <div className={classes.shell}>
      <a className="skip" href="#work">
        Skip to the work
      </a>
      <OfflineBanner />
      <nav className={classes.rail} aria-label="Main">
        <Link href="/" className={classes.mark} aria-label="Knee Guides, first page">
          <img src={`${import.meta.env.BASE_URL}mark.svg`} alt="" />
        </Link>
        {!onlyStudies && (
          <RailLink href="/" label={seesCases ? 'Worklist' : 'Home'} active={location === '/' || location.startsWith('/cases')}>
            {seesCases ? <ClipboardList size={20} /> : <House size={20} />}
          </RailLink>
        )}
        {person.roles.includes('engineer') && (
          <RailLink href="/guides" label="Guides" active={location.startsWith('/guides')}>
            <DraftingCompass size={20} />
          </RailLink>
        )}
        {person.roles.includes('rater') && (
          <RailLink href="/rating" label="My studies" active={location.startsWith('/rating')}>
            <ClipboardCheck size={20} />
          </RailLink>
        )}
        {runsStudies && (
          <RailLink href="/studies" label="Studies" active={location.startsWith('/studies')}>
            <FlaskConical size={20} />
          </RailLink>
        )}
        {person.roles.includes('administrator') && (
          <RailLink href="/people" label="People" active={location.startsWith('/people')}>
            <Users size={20} />
          </RailLink>
        )}
        <span className={classes.spacer} />
        <Tooltip label="Keyboard (?)" position="right">
          <button type="button" className={classes.item} aria-label="Keyboard shortcuts" onClick={() => setHelp(true)}>
            <Keyboard size={20} />
          </button>
        </Tooltip>
        <Tooltip label={scheme === 'dark' ? 'Light theme' : 'Dark theme'} position="right">
          <button
            type="button"
            className={classes.item}
            aria-label={scheme === 'dark' ? 'Use the light theme' : 'Use the dark theme'}
            data-testid="theme"
            onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
          >
            {scheme === 'dark' ? <Sun size={20} /> : <Moon size={20} />}
          </button>
        </Tooltip>
        <Menu position="right-end" offset={12} withArrow>
          <Menu.Target>
            <button type="button" className={classes.avatar} aria-label={`Account of ${person.name}`} data-testid="account">
              {initials(person.name)}
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>
              <Text size="sm" fw={600} c="var(--mantine-color-text)">
                {person.name}
              </Text>
              <Text size="xs">{person.roles.join(', ') || 'no role yet'}</Text>
            </Menu.Label>
            <Menu.Divider />
            <Menu.Item leftSection={<LogOut size={16} />} onClick={() => logOut.mutate()} data-testid="log-out">
              Log out
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </nav>
      <main className={classes.main} id="work" tabIndex={-1}>
        <ErrorBoundary resetKey={location}>{children}</ErrorBoundary>
      </main>
      <KeyboardHelp opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}

interface RailLinkProps {
  href: string;
  label: string;
  active: boolean;
  children: ReactNode;
}

function RailLink({ href, label, active, children }: RailLinkProps): ReactNode {
  return (
    <Tooltip label={label} position="right">
      <Link
        href={href}
        className={classes.item}
        data-active={active || undefined}
        aria-current={active ? 'page' : undefined}
        aria-label={label}
      >
        {children}
      </Link>
    </Tooltip>
  );
}
