// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "react";
import { LiveStore } from "../client/store";
import { isSignedIn, signIn, signOut, tokenFromFragment } from "../client/session";
import { Dashboard } from "./dashboard";
import { SignIn } from "./signin";

type Phase = { name: "asking" } | { name: "out"; why?: string } | { name: "in" };

/** The link's token counts before the cookie of an earlier visit. Once per page. */
const arrival: Promise<Phase> = (async () => {
  const token = tokenFromFragment();
  if (token) {
    const problem = await signIn(token);
    return problem ? { name: "out", why: problem.detail ?? problem.title } : { name: "in" };
  }
  return (await isSignedIn()) ? { name: "in" } : { name: "out" };
})();

const store = new LiveStore();

export function App() {
  const [phase, setPhase] = useState<Phase>({ name: "asking" });

  useEffect(() => {
    let current = true;
    arrival.then(
      (arrived) => current && setPhase(arrived),
      () => current && setPhase({ name: "out", why: "The gateway does not answer." }),
    );
    return () => {
      current = false;
    };
  }, []);

  if (phase.name === "asking") return <main className="center muted">Connecting…</main>;
  if (phase.name === "out")
    return <SignIn why={phase.why} onSignedIn={() => setPhase({ name: "in" })} />;
  return (
    <Dashboard
      store={store}
      onSignOut={async () => {
        await signOut();
        setPhase({ name: "out" });
      }}
      onRefused={(why) => setPhase({ name: "out", why })}
    />
  );
}
