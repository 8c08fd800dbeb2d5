//! The three sides of a merge, kept together.

/// Names one of the three texts of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The common ancestor.
    Base,
    /// The side merged into.
    Ours,
    /// The side merged in.
    Theirs,
}

impl Side {
    /// The other of the two sides that are merged. The base has no other.
    pub(super) fn other(self) -> Side {
        match self {
            Side::Ours => Side::Theirs,
            Side::Theirs => Side::Ours,
            Side::Base => Side::Base,
        }
    }
}

/// The three texts of a merge, and whatever is derived from each of them. They travel together,
/// so that no side can be forgotten or taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides<T> {
    /// The common ancestor.
    pub base: T,
    /// The side merged into.
    pub ours: T,
    /// The side merged in.
    pub theirs: T,
}

impl<T> Sides<T> {
    /// The same for each side.
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> Sides<U> {
        Sides { base: each(self.base), ours: each(self.ours), theirs: each(self.theirs) }
    }

    /// The same for each side, which is told which it is; stops at the first that fails.
    pub fn try_map<U, E>(self, mut each: impl FnMut(Side, T) -> Result<U, E>) -> Result<Sides<U>, E> {
        Ok(Sides {
            base: each(Side::Base, self.base)?,
            ours: each(Side::Ours, self.ours)?,
            theirs: each(Side::Theirs, self.theirs)?,
        })
    }

    /// The sides as references.
    pub fn as_ref(&self) -> Sides<&T> {
        Sides { base: &self.base, ours: &self.ours, theirs: &self.theirs }
    }

    /// The sides, each with that of `other`.
    pub fn zip<U>(self, other: Sides<U>) -> Sides<(T, U)> {
        Sides {
            base: (self.base, other.base),
            ours: (self.ours, other.ours),
            theirs: (self.theirs, other.theirs),
        }
    }

    /// One of them.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::Base => &self.base,
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        }
    }

    /// Ours and theirs exchanged.
    #[must_use]
    pub fn swapped(self) -> Sides<T> {
        Sides { base: self.base, ours: self.theirs, theirs: self.ours }
    }
}

/// What three values of one thing ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Neither side moved, or both alike.
    Alike,
    /// Only this side moved.
    Only(Side),
    /// Both moved, apart.
    Apart,
}

impl<T: PartialEq> Sides<T> {
    /// Who moved away from the base.
    pub(super) fn moved(&self) -> Moved {
        if self.ours == self.theirs {
            Moved::Alike
        } else if self.ours == self.base {
            Moved::Only(Side::Theirs)
        } else if self.theirs == self.base {
            Moved::Only(Side::Ours)
        } else {
            Moved::Apart
        }
    }

    /// The side whose value to show where a difference is a matter of style: the one that moved,
    /// and where both did, the canvas.
    pub(super) fn styled(&self, canvas: Side) -> Side {
        match self.moved() {
            Moved::Only(side) => side,
            Moved::Alike | Moved::Apart => canvas,
        }
    }
}
