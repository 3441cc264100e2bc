// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "react";

/** The time, renewed every periodMs, for texts such as "3 s ago". */
export function useNow(periodMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
  return now;
}
