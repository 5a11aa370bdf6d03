//! Some accounts are in deep trouble: nothing comes of them but refusals, errors and silence. The
//! others must not be slower for it.

use crate::plan::Plan;

pub(crate) async fn live(plan: Plan) {
    crate::lives::live(plan).await;
}
