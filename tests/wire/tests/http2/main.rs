//! HTTP/2 by hand, on either side: what crosses to the other version, who ends a stream, what is
//! refused, and what it takes to be told to calm down.

#[cfg(test)]
mod burst;
#[cfg(test)]
mod bystanders;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod crossing;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod peers;
