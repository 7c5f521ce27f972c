include!(env!("AMB_PROXY"));
