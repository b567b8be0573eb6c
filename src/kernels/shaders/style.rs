//! The ways to compute on a GPU, and which of them a number of rows is computed in.

/// A way to compute on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// 4 × 4 results of a product for an invocation, nothing shared: the safe choice.
    #[default]
    Direct,
    /// A workgroup shares what it reads.
    Tile,
    /// 8 × 8 results for an invocation, nothing shared.
    Wide,
    /// The four invocations of a quad hand each other what they have read, which takes the feature `subgroups`.
    Quads,
    /// A workgroup shares blocks of weights and computes 8 columns of 4 or 8 rows in the registers of an invocation; with few
    /// rows invocations share sums.
    Blocked,
    /// As `Blocked`, but blocks are multiplied in half precision, which takes the feature `shader-f16`. It moves scores by more
    /// than any other style, so it is used only where it is asked for.
    Half,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Direct, Self::Tile, Self::Wide, Self::Quads, Self::Blocked, Self::Half];

    /// The name in `info`.
    pub fn name(self) -> &'static str {
        ["direct", "tile", "wide", "quads", "blocked", "half"][self as usize]
    }

    /// The style of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.name() == name)
    }

    /// The attention that goes with products of this style.
    pub fn attention(self) -> AttentionKernel {
        match self {
            Self::Direct | Self::Tile | Self::Wide => AttentionKernel::Direct,
            Self::Quads => AttentionKernel::Quads,
            Self::Blocked | Self::Half => AttentionKernel::Tiled,
        }
    }
}

/// A way to compute attention on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttentionKernel {
    /// An invocation for a query, nothing shared.
    #[default]
    Direct,
    /// The four invocations of a quad hand each other the rows that they have read.
    Quads,
    /// A workgroup shares the rows that a tile of queries sees.
    Tiled,
}

impl AttentionKernel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Quads, Self::Tiled];

    fn name(self) -> &'static str {
        ["direct", "quads", "tiled"][self as usize]
    }
}

/// Rows from which on a pass counts as `middle` and `many`: a document, and a full submission.
pub const MIDDLE_ROWS: usize = 40;
/// See [`MIDDLE_ROWS`].
pub const MANY_ROWS: usize = 512;

/// The styles of a device by the number of rows: what is fastest for a few is not for a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Styles {
    /// Fewer than a document has.
    pub few: Style,
    /// Fewer than a full submission has.
    pub middle: Style,
    /// The rest.
    pub many: Style,
    /// Attention, for any number of queries.
    pub attention: AttentionKernel,
}

impl Styles {
    /// One for all.
    pub fn all(style: Style) -> Self {
        Self { few: style, middle: style, many: style, attention: style.attention() }
    }

    /// The style for so many rows.
    pub fn of(self, rows: usize) -> Style {
        match rows {
            0..MIDDLE_ROWS => self.few,
            MIDDLE_ROWS..MANY_ROWS => self.middle,
            _ => self.many,
        }
    }

    /// Those for few, middle and many rows.
    pub fn each(self) -> [Style; 3] {
        [self.few, self.middle, self.many]
    }

    /// The name in `info`: one style, or the three with slashes between them; then, after a plus sign, the attention, unless it
    /// is the one that goes with the style for many rows.
    pub fn name(self) -> String {
        let [few, middle, many] = self.each().map(Style::name);
        let products = if few == middle && middle == many { few.to_owned() } else { format!("{few}/{middle}/{many}") };
        let attention = self.attention;
        if attention == self.many.attention() { products } else { format!("{products}+{}", attention.name()) }
    }

    /// The styles of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let (products, attention) =
            name.split_once('+').map_or((name, None), |(products, name)| (products, Some(name)));
        let styles: Option<Vec<Style>> = products.split('/').map(Style::from_name).collect();
        let [few, middle, many] = match *styles?.as_slice() {
            [style] => [style; 3],
            [few, middle, many] => [few, middle, many],
            _ => return None,
        };
        let attention = match attention {
            None => many.attention(),
            Some(name) => AttentionKernel::ALL.into_iter().find(|style| style.name() == name)?,
        };
        Some(Self { few, middle, many, attention })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let mixed = Styles { few: Style::Direct, middle: Style::Quads, ..Styles::all(Style::Tile) };
        let half = Styles { attention: AttentionKernel::Quads, ..Styles::all(Style::Half) };
        for styles in [Styles::all(Style::Wide), Styles::all(Style::Half), mixed, half] {
            assert_eq!(Styles::from_name(&styles.name()), Some(styles));
        }
        assert_eq!(mixed.name(), "direct/quads/tile");
        assert_eq!(half.name(), "half+quads");
        assert_eq!(Styles::from_name("direct/quads"), None);
        assert_eq!(Styles::from_name("half+fast"), None);
        assert_eq!(Styles::from_name("fast"), None);
        assert_eq!([mixed.of(1), mixed.of(160), mixed.of(4096)], [Style::Direct, Style::Quads, Style::Tile]);
    }
}
