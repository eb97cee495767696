package config

import "postgang/engine/digital/enhetsregisteret"

// Register is Enhetsregisteret, where organisations are looked up for the accounts that want it.
type Register struct {
	Address string `toml:"address"` // "": the register itself
}

func (c *checker) register(cfg *Config, r Register) {
	cfg.Register = enhetsregisteret.Config{Base: r.Address}
	if _, err := enhetsregisteret.New(cfg.Register); err != nil {
		c.add("enhetsregisteret.address", "%v", err)
	}
}
