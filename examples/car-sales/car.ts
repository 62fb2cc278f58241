/** The domain: cars that are painted and sold, and customers who change their names. */
import { aggregate, reject } from "tidemark";

interface CarState {
  readonly colour: string | undefined;
  readonly customerId: string | undefined;
}

export type CarCommand =
  | { readonly type: "Create"; readonly data: { readonly model: string; readonly colour: string } }
  | { readonly type: "Repaint"; readonly data: { readonly colour: string } }
  | { readonly type: "Sell"; readonly data: { readonly customerId: string } };

export type CarEvent =
  | { readonly type: "Created"; readonly data: { readonly model: string; readonly colour: string } }
  | { readonly type: "Repainted"; readonly data: { readonly colour: string } }
  | { readonly type: "Sold"; readonly data: { readonly customerId: string } };

export const Car = aggregate<CarState, CarCommand, CarEvent>({
  name: "car",
  initialState: () => ({ colour: undefined, customerId: undefined }),
  decide: {
    Create: (state, data) =>
      state.colour === undefined ? { type: "Created", data } : reject("created-already"),
    Repaint: (state, data) =>
      state.colour === data.colour ? [] : { type: "Repainted", data: { colour: data.colour } },
    Sell: (state, data) =>
      state.customerId === undefined ? { type: "Sold", data } : reject("sold-already", state),
  },
  evolve: {
    Created: (state, { colour }) => ({ ...state, colour }),
    Repainted: (state, { colour }) => ({ ...state, colour }),
    Sold: (state, { customerId }) => ({ ...state, customerId }),
  },
});

interface CustomerState {
  readonly name: string | undefined;
}

export interface CustomerCommand {
  readonly type: "Register" | "Rename";
  readonly data: { readonly name: string };
}

export interface CustomerEvent {
  readonly type: "Registered" | "Renamed";
  readonly data: { readonly name: string };
}

export const Customer = aggregate<CustomerState, CustomerCommand, CustomerEvent>({
  name: "customer",
  initialState: () => ({ name: undefined }),
  decide: {
    Register: (state, data) =>
      state.name === undefined ? { type: "Registered", data } : reject("registered-already"),
    Rename: (state, data) => (state.name === data.name ? [] : { type: "Renamed", data }),
  },
  evolve: {
    Registered: (_state, { name }) => ({ name }),
    Renamed: (_state, { name }) => ({ name }),
  },
});
