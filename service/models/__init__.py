from service.models.access import AccessGrant, AccessVersion, ApiKey, BrowserSession, Principal
from service.models.alert import Alert
from service.models.audit import AuditBlock, AuditEntry, AuditHead, AuditPending, AuditSeal
from service.models.base import Base
from service.models.calendar import CalendarDay, CalendarYear
from service.models.catalog import Authority, AuthoritySuccession, Blacklist, CatalogVersion, LegalRule, Region, Source
from service.models.change import Change, ChangeLog, PendingChange
from service.models.correction import EntryCorrection, PenaltyCorrection
from service.models.credit_record import CreditRecord, CreditRecordVersion
from service.models.data_import import DataImport, ImportEvent, ImportRow
from service.models.deadline import Deadline, DeadlineCursor, DeadlineEvent
from service.models.delegation import SubjectAuthorisation, Substitution
from service.models.document import Document, DocumentContent
from service.models.entry_case import EntryRevocation, EntrySupport
from service.models.export import ExportRelease, ExportSelection
from service.models.feed import (
    Feed,
    FeedBatch,
    FeedBatchItem,
    FeedDelivery,
    FeedDifference,
    FeedItem,
    FeedMissing,
    FeedReceiptFile,
    FeedReconciliation,
)
from service.models.horizon import Horizon
from service.models.idempotency import IdempotencyKey
from service.models.job import Job, JobOrder, JobRun
from service.models.life import OutboxItem, WithdrawalNotice
from service.models.mail import MailDelivery, NoticeAddress
from service.models.proposal import RuleProposal
from service.models.record import (
    BlacklistEntry,
    BlacklistEntryVersion,
    Penalty,
    PenaltyVersion,
    SourceStatement,
)
from service.models.redating import Redating, RedatingCursor
from service.models.repair import CaseEvent, Objection, Repair
from service.models.report import PlatformMeasure, PlatformReport, ReportRequest, SealingKey
from service.models.retention import RetentionPeriod
from service.models.screening import Screening
from service.models.sharing import DataSupply, SharingAgreement
from service.models.spot_check import SpotCheck, SpotCheckItem, SpotCheckMember
from service.models.subject import Subject, SubjectIdentifier, SubjectName, SubjectVersion
from service.models.supervision import QualitySheet, ReminderLetter
from service.models.third_party import ServiceComplaint, TakeDownCheck, ThirdPartyService
from service.models.watchlist import WatchedCode, Watchlist
from service.models.webhook import (
    TakedownReceipt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookNotice,
    WebhookSecret,
)

__all__ = [
    "AccessGrant",
    "AccessVersion",
    "Alert",
    "ApiKey",
    "AuditBlock",
    "AuditEntry",
    "AuditHead",
    "AuditPending",
    "AuditSeal",
    "Authority",
    "AuthoritySuccession",
    "Base",
    "Blacklist",
    "BlacklistEntry",
    "BlacklistEntryVersion",
    "BrowserSession",
    "CalendarDay",
    "CalendarYear",
    "CaseEvent",
    "CatalogVersion",
    "Change",
    "ChangeLog",
    "CreditRecord",
    "CreditRecordVersion",
    "DataImport",
    "DataSupply",
    "Deadline",
    "DeadlineCursor",
    "DeadlineEvent",
    "Document",
    "DocumentContent",
    "EntryCorrection",
    "EntryRevocation",
    "EntrySupport",
    "ExportRelease",
    "ExportSelection",
    "Feed",
    "FeedBatch",
    "FeedBatchItem",
    "FeedDelivery",
    "FeedDifference",
    "FeedItem",
    "FeedMissing",
    "FeedReceiptFile",
    "FeedReconciliation",
    "Horizon",
    "IdempotencyKey",
    "ImportEvent",
    "ImportRow",
    "Job",
    "JobOrder",
    "JobRun",
    "LegalRule",
    "MailDelivery",
    "NoticeAddress",
    "Objection",
    "OutboxItem",
    "Penalty",
    "PenaltyCorrection",
    "PenaltyVersion",
    "PendingChange",
    "PlatformMeasure",
    "PlatformReport",
    "Principal",
    "QualitySheet",
    "Redating",
    "RedatingCursor",
    "Region",
    "ReminderLetter",
    "Repair",
    "ReportRequest",
    "RetentionPeriod",
    "RuleProposal",
    "Screening",
    "SealingKey",
    "ServiceComplaint",
    "SharingAgreement",
    "Source",
    "SourceStatement",
    "SpotCheck",
    "SpotCheckItem",
    "SpotCheckMember",
    "Subject",
    "SubjectAuthorisation",
    "SubjectIdentifier",
    "SubjectName",
    "SubjectVersion",
    "Substitution",
    "TakeDownCheck",
    "TakedownReceipt",
    "ThirdPartyService",
    "WatchedCode",
    "Watchlist",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookNotice",
    "WebhookSecret",
    "WithdrawalNotice",
]
