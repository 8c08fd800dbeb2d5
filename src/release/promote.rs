//! Releasing one system's pins into another: what is asked for. The guards are those of any
//! release, and the experiment stays where it is.

use super::rollback::no_component;
use super::{Arrival, Published, Refusal, State};
use crate::text::escape;

/// The pins of a system as releases for another: of these components, or of all.
///
/// # Errors
/// The system has no such component, or a pin that is not well formed.
pub fn promotions(from: &State<'_>, components: &[String]) -> Result<Vec<Arrival>, Refusal> {
    let Some(draft) = from.draft()? else {
        return Err(Refusal::new("there is no manifest to promote from", "name the systems as FROM TO"));
    };
    for name in components {
        if draft.component(name)?.is_none() {
            return Err(no_component(&draft, name));
        }
    }
    let is_meant = |name: &str| components.is_empty() || components.iter().any(|component| component == name);
    let pins = draft.pins().into_iter().filter(|(name, _)| is_meant(name));
    pins.map(|(name, pin)| {
        let arrival = Arrival::of_pin(name, &pin).ok_or_else(|| {
            Refusal::new(
                format!("the pin of `{}` is not well formed, so it cannot be promoted", escape(name)),
                "`sysbom check` shows what is wrong with it",
            )
        })?;
        let published_at = match (from.published)(name) {
            Published::At(moment) => Some(moment),
            Published::AtMost(_) | Published::Unknown => None,
        };
        Ok(Arrival { published_at, ..arrival })
    })
    .collect()
}
