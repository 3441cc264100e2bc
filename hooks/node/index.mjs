// SPDX-License-Identifier: Apache-2.0
import hooks from "./index.js";

export const { EventEmitter, configure, getEventEmitter, emit, flush, close, getAnalyticsStatus } = hooks;
