// SPDX-License-Identifier: Apache-2.0
/** Tells Sightline's webhook collector what happens in an application: sightline-hooks(7). */

/** Where events go and how much is kept for it.  What is not given comes from the
 * environment: SIGHTLINE_HOOKS_URL, SIGHTLINE_HOOKS_EVENTS_MAX, … */
export interface Settings {
	/** Default: http://127.0.0.1:8081/v1/events */
	url?: string;
	/** One of the collector's secrets; this or secretFile is needed. */
	secret?: string;
	/** Its first line that is no comment; read again when it is refused. */
	secretFile?: string;
	/** Certificates to trust instead of the system's. */
	caFile?: string;
	/** Names this program in notices about lost events. */
	app?: string;
	/** Events that are kept; what comes while they are is dropped and counted.  Default: 10000 */
	eventsMax?: number;
	/** Their bytes.  Default: 8 MiB */
	bytesMax?: number;
	/** Events of a request.  Default: 500 */
	batchEvents?: number;
	/** Its bytes.  Default: 256 KiB */
	batchBytes?: number;
	/** Seconds that the first event of a batch waits for others.  Default: 0.02 */
	lingerS?: number;
	/** Seconds that a request may take.  Default: 5 */
	timeoutS?: number;
	/** Seconds by which the end of the program is delayed at most.  Default: 3 */
	exitS?: number;
	/** Seconds before the first and the last of repeated tries.  Defaults: 0.1, 30 */
	retryMinS?: number;
	retryMaxS?: number;
	/** Asked by getAnalyticsStatus.  Default: http://127.0.0.1:8080 */
	gateway?: string;
	/** For its connection counts: a token that may see connections. */
	token?: string;
}

export interface EmitOptions {
	/** When it happened; default: now. */
	time?: Date | number | string;
	/** Who alone gets it. */
	audience?: { sub: string } | { role: string };
	/** The application's name for the event: what is sent again with it arrives once. */
	eventId?: string;
}

export interface Figures {
	/** Events of this thread: taken in = sent + queued + some of dropped. */
	taken: number;
	sent: number;
	queued: number;
	queuedBytes: number;
	requests: number;
	retries: number;
	/** full: no room; refused: by the collector; invalid: no event could be made of it;
	 * unfinished: the program ended; off: no settings. */
	dropped: { full: number; refused: number; invalid: number; unfinished: number; off: number };
	lastError: string | null;
	lastSent: string | null;
	enabled: boolean;
}

export interface AnalyticsStatus {
	status: "healthy" | "degraded" | "error";
	/** Of all gateways; null without a token. */
	totalConnections: number | null;
	activeSubscriptions: number | null;
	eventsProcessed: number | null;
	/** Events that this thread has dropped. */
	failedEvents: number;
	connections: Record<string, unknown> | null;
	events: Figures;
	system: { collector: string; gateway: string; errorRate: number | null };
	error: string | null;
	lastCheck: string;
}

/** Ids may be numbers: they are sent as text. */
export type Id = string | number | bigint;
export type Time = Date | string;

/** Further fields of one's own are fine. */
interface Extra {
	[field: string]: unknown;
}

/** analytics.new_activity */
export interface AnalyticsActivity extends Extra {
	activityId: Id;
	eventType: string;
	message?: string;
	details?: string;
	timeAgo?: string;
	device?: string;
	location?: string;
	timestamp?: Time;
}

/** analytics.traffic_update */
export interface AnalyticsTrafficUpdate extends Extra {
	visitors?: number;
	pageViews?: number;
	period?: string;
	timestamp?: Time;
}

/** analytics.performance_update */
export interface AnalyticsPerformanceUpdate extends Extra {
	metric?: string;
	value?: number;
	timestamp?: Time;
}

/** analytics.chart_update */
export interface AnalyticsChartUpdate extends Extra {
	chartId?: Id;
	data?: unknown;
	timestamp?: Time;
}

/** content.created */
export interface ContentCreated extends Extra {
	contentId: Id;
	title?: string;
	type?: string;
	status?: string;
	authorId?: Id;
	createdAt?: Time;
}

/** content.updated */
export interface ContentUpdated extends Extra {
	contentId: Id;
	title?: string;
	type?: string;
	status?: string;
	authorId?: Id;
	updatedAt?: Time;
}

/** content.deleted */
export interface ContentDeleted extends Extra {
	contentId: Id;
	title?: string;
	type?: string;
	authorId?: Id;
	deletedAt?: Time;
}

/** content.status_changed */
export interface ContentStatusChanged extends Extra {
	contentId: Id;
	title?: string;
	oldStatus?: string;
	newStatus?: string;
	status?: string;
	authorId?: Id;
	updatedAt?: Time;
}

/** content.published */
export interface ContentPublished extends Extra {
	contentId: Id;
	title?: string;
	type?: string;
	authorId?: Id;
	publishedAt?: Time;
}

/** content.unpublished */
export interface ContentUnpublished extends Extra {
	contentId: Id;
	title?: string;
	type?: string;
	authorId?: Id;
	unpublishedAt?: Time;
}

/** user.login */
export interface UserLogin extends Extra {
	userId: Id;
	email?: string;
	ip?: string;
	userAgent?: string;
	timestamp?: Time;
}

/** user.logout */
export interface UserLogout extends Extra {
	userId: Id;
	email?: string;
	timestamp?: Time;
}

/** user.registered */
export interface UserRegistered extends Extra {
	userId: Id;
	email?: string;
	name?: string;
	timestamp?: Time;
}

/** user.profile_updated */
export interface UserProfileUpdated extends Extra {
	userId: Id;
	changes?: unknown;
	timestamp?: Time;
}

/** user.password_changed */
export interface UserPasswordChanged extends Extra {
	userId: Id;
	timestamp?: Time;
}

/** settings.updated */
export interface SettingsUpdated extends Extra {
	settingKey: string;
	oldValue?: unknown;
	newValue?: unknown;
	updatedBy?: string;
	updatedAt?: Time;
}

/** settings.backup_created */
export interface SettingsBackupCreated extends Extra {
	backupId: Id;
	createdBy?: string;
	size?: number;
	createdAt?: Time;
}

/** settings.backup_restored */
export interface SettingsBackupRestored extends Extra {
	backupId: Id;
	restoredBy?: string;
	restoredAt?: Time;
}

/** project.created */
export interface ProjectCreated extends Extra {
	projectId: Id;
	title?: string;
	status?: string;
	createdAt?: Time;
}

/** project.updated */
export interface ProjectUpdated extends Extra {
	projectId: Id;
	title?: string;
	status?: string;
	updatedAt?: Time;
}

/** project.deleted */
export interface ProjectDeleted extends Extra {
	projectId: Id;
	title?: string;
	deletedAt?: Time;
}

/** project.status_changed */
export interface ProjectStatusChanged extends Extra {
	projectId: Id;
	title?: string;
	oldStatus?: string;
	newStatus?: string;
	updatedAt?: Time;
}

/** system.health_check */
export interface SystemHealthCheck extends Extra {
	status: string;
	component?: string;
	details?: unknown;
	timestamp?: Time;
}

/** system.error */
export interface SystemError extends Extra {
	message: string;
	code?: unknown;
	component?: string;
	stack?: string;
	details?: unknown;
	timestamp?: Time;
}

/** system.maintenance */
export interface SystemMaintenance extends Extra {
	message: string;
	startsAt?: Time;
	endsAt?: Time;
	affected?: unknown;
}

/**
 * Each method takes an event and returns at once: its id, or null if it was dropped.  None
 * of them rejects.  As second argument text says who did it (payload field userId).
 */
export declare class EventEmitter {
	/** Any type of the catalog. */
	emit(type: string, payload?: object, options?: EmitOptions): Promise<string | null>;
	emitAnalyticsActivity(data: AnalyticsActivity, options?: EmitOptions | string): Promise<string | null>;
	emitAnalyticsTrafficUpdate(data: AnalyticsTrafficUpdate, options?: EmitOptions | string): Promise<string | null>;
	emitAnalyticsPerformanceUpdate(data: AnalyticsPerformanceUpdate, options?: EmitOptions | string): Promise<string | null>;
	emitAnalyticsChartUpdate(data: AnalyticsChartUpdate, options?: EmitOptions | string): Promise<string | null>;
	emitContentCreated(data: ContentCreated, options?: EmitOptions | string): Promise<string | null>;
	emitContentUpdated(data: ContentUpdated, options?: EmitOptions | string): Promise<string | null>;
	emitContentDeleted(data: ContentDeleted, options?: EmitOptions | string): Promise<string | null>;
	emitContentStatusChanged(data: ContentStatusChanged, options?: EmitOptions | string): Promise<string | null>;
	emitContentPublished(data: ContentPublished, options?: EmitOptions | string): Promise<string | null>;
	emitContentUnpublished(data: ContentUnpublished, options?: EmitOptions | string): Promise<string | null>;
	emitUserLogin(data: UserLogin, options?: EmitOptions | string): Promise<string | null>;
	emitUserLogout(data: UserLogout, options?: EmitOptions | string): Promise<string | null>;
	emitUserRegistered(data: UserRegistered, options?: EmitOptions | string): Promise<string | null>;
	emitUserProfileUpdated(data: UserProfileUpdated, options?: EmitOptions | string): Promise<string | null>;
	emitUserPasswordChanged(data: UserPasswordChanged, options?: EmitOptions | string): Promise<string | null>;
	emitSettingsUpdated(data: SettingsUpdated, options?: EmitOptions | string): Promise<string | null>;
	emitSettingsBackupCreated(data: SettingsBackupCreated, options?: EmitOptions | string): Promise<string | null>;
	emitSettingsBackupRestored(data: SettingsBackupRestored, options?: EmitOptions | string): Promise<string | null>;
	emitProjectCreated(data: ProjectCreated, options?: EmitOptions | string): Promise<string | null>;
	emitProjectUpdated(data: ProjectUpdated, options?: EmitOptions | string): Promise<string | null>;
	emitProjectDeleted(data: ProjectDeleted, options?: EmitOptions | string): Promise<string | null>;
	emitProjectStatusChanged(data: ProjectStatusChanged, options?: EmitOptions | string): Promise<string | null>;
	emitSystemHealthCheck(data: SystemHealthCheck, options?: EmitOptions | string): Promise<string | null>;
	emitSystemError(data: SystemError, options?: EmitOptions | string): Promise<string | null>;
	emitSystemMaintenance(data: SystemMaintenance, options?: EmitOptions | string): Promise<string | null>;
}

/** The one of this thread. */
export declare function getEventEmitter(): EventEmitter;

/** Any type of the catalog: its id, or null if it was dropped.  Never throws, never waits. */
export declare function emit(type: string, payload?: object, options?: EmitOptions): string | null;

/** Sets where events go; without a call, the environment does.  Throws where nothing could
 * be sent with it. */
export declare function configure(settings: Settings): void;

/** True once everything emitted before was sent or dropped, false after the timeout. */
export declare function flush(timeoutMs?: number): Promise<boolean>;

/** Sends what there is and takes nothing more; the end of the program does it by itself. */
export declare function close(timeoutMs?: number): Promise<boolean>;

/** Connection counts, event metrics and system health.  Never rejects. */
export declare function getAnalyticsStatus(timeoutMs?: number): Promise<AnalyticsStatus>;
