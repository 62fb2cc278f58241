/** The domain: one form with many fields; what is recorded is which of them have changed, each as an event of its own. */
import { aggregate } from "tidemark";

export interface Profile {
  readonly name: string;
  readonly birthDate: string;
  readonly email: string;
  readonly phone: string;
  readonly city: string;
}

export interface UpdateProfile {
  readonly type: "UpdateProfile";
  /** As the form was sent: every field, changed or not. */
  readonly data: Profile;
}

export type ProfileEvent =
  | { readonly type: "NameChanged"; readonly data: { readonly name: string } }
  | { readonly type: "BirthDateChanged"; readonly data: { readonly birthDate: string } }
  | { readonly type: "EmailChanged"; readonly data: { readonly email: string } }
  | { readonly type: "PhoneChanged"; readonly data: { readonly phone: string } }
  | { readonly type: "CityChanged"; readonly data: { readonly city: string } };

export const Person = aggregate<Profile, UpdateProfile, ProfileEvent>({
  name: "person",
  initialState: () => ({ name: "", birthDate: "", email: "", phone: "", city: "" }),
  decide: {
    // #region update
    UpdateProfile: (state, { name, birthDate, email, phone, city }) => {
      const events: ProfileEvent[] = [];
      if (name !== state.name) events.push({ type: "NameChanged", data: { name } });
      if (birthDate !== state.birthDate)
        events.push({ type: "BirthDateChanged", data: { birthDate } });
      if (email !== state.email) events.push({ type: "EmailChanged", data: { email } });
      if (phone !== state.phone) events.push({ type: "PhoneChanged", data: { phone } });
      if (city !== state.city) events.push({ type: "CityChanged", data: { city } });
      // All of them in one commit, or none: an array is one decision.
      return events;
    },
    // #endregion
  },
  evolve: {
    NameChanged: (state, data) => ({ ...state, ...data }),
    BirthDateChanged: (state, data) => ({ ...state, ...data }),
    EmailChanged: (state, data) => ({ ...state, ...data }),
    PhoneChanged: (state, data) => ({ ...state, ...data }),
    CityChanged: (state, data) => ({ ...state, ...data }),
  },
});
