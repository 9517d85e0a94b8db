/**
 * Negative controls: defects that a test build plants, one at a time, to see the tests fail.
 * Every one is 0 in a shipped build, so that the compiler removes it.
 */
#ifndef BROWNOUT_PLANTED_H
#define BROWNOUT_PLANTED_H

#ifndef BO_BUG_COMMIT_BEFORE_DATA
#define BO_BUG_COMMIT_BEFORE_DATA 0 /**< the record that names the next batch precedes the data */
#endif
#ifndef BO_BUG_SINGLE_PLANE
#define BO_BUG_SINGLE_PLANE 0 /**< partial sums are overwritten in place */
#endif
#ifndef BO_BUG_ACCEPT_TORN_RECORD
#define BO_BUG_ACCEPT_TORN_RECORD 0 /**< a record's CRC is not checked */
#endif
#ifndef BO_BUG_ACCEPT_OTHER_IMAGE
#define BO_BUG_ACCEPT_OTHER_IMAGE 0 /**< a record's image id is not checked */
#endif
#ifndef BO_BUG_STALE_VM
#define BO_BUG_STALE_VM 0 /**< a batch trusts the weights that an earlier one left in VM */
#endif
#ifndef BO_BUG_NO_CONFIRM
#define BO_BUG_NO_CONFIRM 0 /**< the record does not wait for the data */
#endif
#ifndef BO_BUG_RECORD_UNCONFIRMED
#define BO_BUG_RECORD_UNCONFIRMED 0 /**< the next batch does not wait for the record */
#endif
#ifndef BO_BUG_OFF_BY_ONE_BATCH
#define BO_BUG_OFF_BY_ONE_BATCH 0 /**< a boot resumes behind the batch that was cut */
#endif
#ifndef BO_BUG_WRONG_SLOT
#define BO_BUG_WRONG_SLOT 0 /**< a record overwrites the newest valid one */
#endif
#ifndef BO_BUG_SEQUENCE_WRAP
#define BO_BUG_SEQUENCE_WRAP 0 /**< sequences are compared as plain numbers */
#endif
#ifndef BO_BUG_EARLY_REQUANTISE
#define BO_BUG_EARLY_REQUANTISE 0 /**< outputs are requantised on the first visit of several */
#endif
#ifndef BO_BUG_DELIVER_TWICE
#define BO_BUG_DELIVER_TWICE 0 /**< a release is not recorded */
#endif
#ifndef BO_BUG_RESULT_OVERWRITTEN
#define BO_BUG_RESULT_OVERWRITTEN 0 /**< a third inference starts over an unreleased result */
#endif
#ifndef BO_BUG_HEADER_FIRST
#define BO_BUG_HEADER_FIRST 0 /**< provisioning writes the header before the constants */
#endif
#ifndef BO_BUG_KEEP_OLD_RECORDS
#define BO_BUG_KEEP_OLD_RECORDS 0 /**< provisioning leaves the records of an earlier life */
#endif
#ifndef BO_BUG_SPOILT_BEFORE_ERASED
#define BO_BUG_SPOILT_BEFORE_ERASED 0 /**< a header is spoiled before records are erased */
#endif
#ifndef BO_BUG_IMAGE_RECORD_EARLY
#define BO_BUG_IMAGE_RECORD_EARLY 0 /**< a step's record does not wait for its constants */
#endif
#ifndef BO_BUG_IMAGE_RECORD_OF_ANOTHER
#define BO_BUG_IMAGE_RECORD_OF_ANOTHER 0 /**< the steps of another image are gone on with */
#endif
#ifndef BO_BUG_IMAGE_RECORD_TORN_ACCEPTED
#define BO_BUG_IMAGE_RECORD_TORN_ACCEPTED 0 /**< the CRC of a step's record is not checked */
#endif
#ifndef BO_BUG_IMAGE_RECORD_IN_ONE_SLOT
#define BO_BUG_IMAGE_RECORD_IN_ONE_SLOT 0 /**< a step's record overwrites the newest one */
#endif
#ifndef BO_BUG_IMAGE_RECORD_UNCONFIRMED
#define BO_BUG_IMAGE_RECORD_UNCONFIRMED 0 /**< the board is switched off before it is in NVM */
#endif
#ifndef BO_BUG_IMAGE_RECORD_IGNORED
#define BO_BUG_IMAGE_RECORD_IGNORED 0 /**< a first start begins anew after each power failure */
#endif
#ifndef BO_BUG_IMAGE_OTHERS_KEPT
#define BO_BUG_IMAGE_OTHERS_KEPT 0 /**< steps of another image survive what overwrites them */
#endif
#ifndef BO_BUG_BIAS_EVERY_VISIT
#define BO_BUG_BIAS_EVERY_VISIT 0 /**< the bias is added once per visit */
#endif
#ifndef BO_BUG_STALE_PADDING
#define BO_BUG_STALE_PADDING 0 /**< the padding of an input tile is not cleared */
#endif
#ifndef BO_BUG_STALE_SCALES
#define BO_BUG_STALE_SCALES 0 /**< a batch keeps the scales of its first output channels */
#endif
#ifndef BO_BUG_STALE_CHANNELS
#define BO_BUG_STALE_CHANNELS 0 /**< channelwise kinds keep the input tile of other channels */
#endif
#ifndef BO_BUG_SECOND_INPUT
#define BO_BUG_SECOND_INPUT 0 /**< add and concat read their first map twice */
#endif
#ifndef BO_BUG_MAXIMUM_FROM_ZERO
#define BO_BUG_MAXIMUM_FROM_ZERO 0 /**< a maximum starts from code 0, as if padding counted */
#endif
#ifndef BO_BUG_PADDED_MEAN
#define BO_BUG_PADDED_MEAN 0 /**< a mean at the border is over the whole window */
#endif

#ifndef BO_BUG_MARK_BEFORE_DATA
#define BO_BUG_MARK_BEFORE_DATA 0 /**< the mark that tells of a group precedes the group */
#endif
#ifndef BO_BUG_MARK_WITHOUT_CONFIRM
#define BO_BUG_MARK_WITHOUT_CONFIRM 0 /**< a mark does not wait for its group */
#endif
#ifndef BO_BUG_MARK_UNCONFIRMED
#define BO_BUG_MARK_UNCONFIRMED 0 /**< the next group does not wait for the mark */
#endif
#ifndef BO_BUG_MARK_OF_ANOTHER
#define BO_BUG_MARK_OF_ANOTHER 0 /**< marks that belong to another record are taken */
#endif
#ifndef BO_BUG_ACCEPT_TORN_MARK
#define BO_BUG_ACCEPT_TORN_MARK 0 /**< a mark's CRC is not checked */
#endif
#ifndef BO_BUG_MARK_IN_ONE_SLOT
#define BO_BUG_MARK_IN_ONE_SLOT 0 /**< a mark overwrites the newest valid one */
#endif
#ifndef BO_BUG_RESUME_ONE_LATE
#define BO_BUG_RESUME_ONE_LATE 0 /**< a resumed tile begins one output late */
#endif
#ifndef BO_BUG_RESUME_IN_STALE_VM
#define BO_BUG_RESUME_IN_STALE_VM                                                                  \
  0 /**< a batch that goes on in its middle trusts what VM holds                                   \
     */
#endif
#ifndef BO_BUG_STATE_BEFORE_GROUP
#define BO_BUG_STATE_BEFORE_GROUP 0 /**< a group's last state precedes the values before it */
#endif
#ifndef BO_BUG_STATE_UNCONFIRMED
#define BO_BUG_STATE_UNCONFIRMED 0 /**< a transfer does not wait for the one before it */
#endif
#ifndef BO_BUG_STATE_NOT_STRIPPED
#define BO_BUG_STATE_NOT_STRIPPED 0 /**< readers take states for parts of values */
#endif
#ifndef BO_BUG_STATE_OF_ONE_WRITER
#define BO_BUG_STATE_OF_ONE_WRITER                                                                 \
  0 /**< states alternate by inference, as if no other map shared the cell */
#endif
#ifndef BO_BUG_STATES_NOT_CLEARED
#define BO_BUG_STATES_NOT_CLEARED 0 /**< the first inference trusts what the arena held before */
#endif

/* Of builds that keep counters (BO_KEEP_COUNTERS). */
#ifndef BO_BUG_KEPT_IN_ONE_SLOT
#define BO_BUG_KEPT_IN_ONE_SLOT 0 /**< totals are saved over the newest ones */
#endif
#ifndef BO_BUG_KEPT_TORN_ACCEPTED
#define BO_BUG_KEPT_TORN_ACCEPTED 0 /**< the CRC of totals is not checked */
#endif
#ifndef BO_BUG_KEPT_UNCONFIRMED
#define BO_BUG_KEPT_UNCONFIRMED 0 /**< the board is switched off before a save is in NVM */
#endif
#ifndef BO_BUG_KEPT_EARLY
#define BO_BUG_KEPT_EARLY 0 /**< a step is counted before its record is in NVM */
#endif
#ifndef BO_BUG_KEPT_OTHER_IMAGE
#define BO_BUG_KEPT_OTHER_IMAGE 0 /**< totals of another image are gone on with */
#endif

#endif
