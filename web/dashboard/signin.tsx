// SPDX-License-Identifier: Apache-2.0
import { type FormEvent, useState } from "react";
import { signIn } from "../client/session";

export function SignIn({ why, onSignedIn }: { why?: string; onSignedIn(): void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(why);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      const refused = await signIn(token.trim());
      if (!refused) return onSignedIn();
      setProblem(refused.detail ?? refused.title);
    } catch {
      setProblem("The gateway does not answer.");
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="center">
      <form className="signin card" onSubmit={submit}>
        <h1>Sightline</h1>
        <p className="muted">
          Open the sign-in link that <code>deploy/run</code> printed, or paste a token from{" "}
          <code>sightlinectl token</code>.
        </p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          autoFocus
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        {problem && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
        <button disabled={busy || !token.trim()}>Sign in</button>
      </form>
    </main>
  );
}
