//! The plan for those who review a change: each value in the block that says it.
//!
//! So a line changes with its block and with nothing else, and changes of two blocks can be merged.

use super::layout::Line;
use super::rows::{self, Row};
use super::{Cx, Scope};
use crate::plan::{Block, Origin, Upstream, Whose, display};

impl Cx<'_> {
    /// A block that others build on; none if it says nothing.
    pub(super) fn shared(&self, block: &Block) -> Option<Vec<Line>> {
        let rows = match &block.whose {
            Whose::Grpc => {
                let language = self.rows(&Whose::Language);
                let mut rows = rows::of_block(block);
                rows.retain(|row| !language.contains(row));
                rows
            }
            Whose::Language | Whose::Layer(_) => rows::of_block(block),
            Whose::Upstream(_) | Whose::Route(..) => return None,
        };
        let name = match &block.whose {
            Whose::Grpc => "language, for gRPC".to_owned(),
            _ => self.plan.source_text(&rows.first()?.origin, ""),
        };
        let scope = Scope { indent: 0, place: "" };
        let title = self.line(scope, &name, "", &Origin::Language);
        let mut lines = vec![Line { origin: String::new(), ..title }];
        lines.extend(self.grouped(Scope { indent: 2, ..scope }, &rows));
        Some(lines)
    }

    /// The upstream and its routes, each a section of its own.
    pub(super) fn sections(&self, at: usize, upstream: &Upstream) -> Vec<Vec<Line>> {
        let place = display::upstream_place(&upstream.name);
        let scope = Scope { indent: 0, place: &place };
        let mut lines = self.upstream_head(scope, upstream);
        let rows = self.rows(&Whose::Upstream(at));
        lines.extend(self.grouped(Scope { indent: 2, ..scope }, &rows));
        let routes = upstream.routes.iter().enumerate().map(|(number, route)| {
            let place = format!("{}/{}", upstream.name, route.name);
            let scope = Scope { indent: 2, place: &place };
            let mut lines = self.route_head(scope, route);
            lines.extend(self.grouped(scope, &self.rows(&Whose::Route(at, number))));
            lines
        });
        [lines].into_iter().chain(routes).collect()
    }

    fn rows(&self, whose: &Whose) -> Vec<Row> {
        let block = self.plan.blocks.iter().find(|block| block.whose == *whose);
        block.map(rows::of_block).unwrap_or_default()
    }
}
