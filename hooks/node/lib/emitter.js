// SPDX-License-Identifier: Apache-2.0
"use strict";
const { words } = require("./plain.js");

/* The emitters of document 002: a method for each event type of its six families. */
const EMITTERS = {
	emitAnalyticsActivity: "analytics.new_activity",
	emitAnalyticsTrafficUpdate: "analytics.traffic_update",
	emitAnalyticsPerformanceUpdate: "analytics.performance_update",
	emitAnalyticsChartUpdate: "analytics.chart_update",
	emitContentCreated: "content.created",
	emitContentUpdated: "content.updated",
	emitContentDeleted: "content.deleted",
	emitContentStatusChanged: "content.status_changed",
	emitContentPublished: "content.published",
	emitContentUnpublished: "content.unpublished",
	emitUserLogin: "user.login",
	emitUserLogout: "user.logout",
	emitUserRegistered: "user.registered",
	emitUserProfileUpdated: "user.profile_updated",
	emitUserPasswordChanged: "user.password_changed",
	emitSettingsUpdated: "settings.updated",
	emitSettingsBackupCreated: "settings.backup_created",
	emitSettingsBackupRestored: "settings.backup_restored",
	emitProjectCreated: "project.created",
	emitProjectUpdated: "project.updated",
	emitProjectDeleted: "project.deleted",
	emitProjectStatusChanged: "project.status_changed",
	emitSystemHealthCheck: "system.health_check",
	emitSystemError: "system.error",
	emitSystemMaintenance: "system.maintenance",
};

/* Ids are text in the catalog; those of many databases are numbers. */
function withTextIds(data) {
	const found = { ...data };
	for (const [name, value] of Object.entries(found))
		if (name.endsWith("Id") && (typeof value === "number" || typeof value === "bigint"))
			found[name] = String(value);
	return found;
}

class EventEmitter {
	/** sender() gives the one to emit with. */
	constructor(sender) {
		this.sender = sender;
	}

	/** Any type of the catalog.  Never rejects: null says that the event was dropped. */
	async emit(type, payload, options) {
		return this.sender().emit(type, payload ?? {}, options ?? {});
	}
}

for (const [method, type] of Object.entries(EMITTERS)) {
	EventEmitter.prototype[method] = {
		/* The second argument is options, or, as text, who did it. */
		async [method](data, options) {
			const sender = this.sender();
			try {
				const payload = withTextIds(data);
				if (typeof options === "string")
					return sender.emit(type, { userId: options, ...payload });
				return sender.emit(type, payload, options ?? {});
			} catch (error) { // a getter of data
				return sender.drop("invalid", 1, `${type}: ${words(error)}`);
			}
		},
	}[method];
}

module.exports = { EMITTERS, EventEmitter };
