// SPDX-License-Identifier: Apache-2.0
// Sign-in: a bearer token becomes an HttpOnly cookie; the page never keeps it.

export interface Problem {
  status: number;
  title: string;
  detail?: string;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => ({}));
  return { status: response.status, title: body.title ?? response.statusText, detail: body.detail };
}

/** Takes the token out of the address bar, so that it is neither shared nor kept. */
export function tokenFromFragment(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** null, or why the token was not accepted. */
export async function signIn(token: string): Promise<Problem | null> {
  const response = await fetch("/api/v1/session", {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
  });
  return response.ok ? null : problemOf(response);
}

export async function signOut(): Promise<void> {
  await fetch("/api/v1/session", { method: "DELETE" });
}

/** Whether the cookie of an earlier visit still counts. */
export async function isSignedIn(): Promise<boolean> {
  const response = await fetch("/api/v1/snapshot", { headers: { Accept: "application/json" } });
  return response.status !== 401;
}

/** null, or why the alert could not be acknowledged. */
export async function acknowledge(id: string, note: string): Promise<Problem | null> {
  const response = await fetch(`/api/v1/alerts/${encodeURIComponent(id)}/acknowledge`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(note ? { note } : {}),
  });
  return response.ok ? null : problemOf(response);
}
